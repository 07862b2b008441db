"""Front end, augmentation and masked statistics of the audio encoders."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from consilience.encoders.audio_augment import perturb, spec_augment
from consilience.encoders.audio_input import time_pool
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.spectrogram import LogMel, mel_filters


def tone(hertz: float, samples: int = 4000, rate: int = 8000) -> torch.Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(samples) / rate).unsqueeze(0)


@pytest.mark.parametrize(("rate", "size", "mels"), [(8000, 256, 64), (16_000, 512, 80), (1000, 32, 40)])
def test_no_mel_filter_is_empty(rate: int, size: int, mels: int) -> None:
    filters = mel_filters(rate, size, mels)
    assert filters.shape == (mels, size // 2 + 1)
    np.testing.assert_allclose(filters.sum(1), 1.0)


def test_a_higher_tone_lights_a_higher_band() -> None:
    front = LogMel(8000, 40)
    bands = [int(front(tone(hz), torch.tensor([4000]))[0].mean(2).argmax()) for hz in (250, 700, 1500, 3000)]
    assert bands == sorted(set(bands))
    edges = 700 * (10 ** (np.linspace(31.75, 2595 * math.log10(1 + 4000 / 700), 42) / 2595) - 1)
    assert edges[bands[2]] <= 1500 <= edges[bands[2] + 2]


def test_loudness_and_offset_drop_out() -> None:
    front, wave = LogMel(8000, 40), tone(440) + 0.1 * torch.randn(1, 4000, generator=torch.Generator().manual_seed(0))
    length = torch.tensor([4000])
    torch.testing.assert_close(front(wave * 0.05 + 0.2, length)[0], front(wave, length)[0], atol=2e-2, rtol=1e-2)


def test_frames_beyond_the_length_are_masked_and_zero() -> None:
    mel, mask = LogMel(8000, 40)(torch.randn(1, 4000), torch.tensor([800]))
    assert mask.sum() == 10  # a frame every 10 ms of 100 ms
    assert mel[0, :, 10:].abs().max() == 0


def test_perturb_without_strength_changes_nothing() -> None:
    wave, length = tone(300), torch.tensor([4000])
    other, reach = perturb(wave, length, 0.0, 0, 0.0)
    torch.testing.assert_close(other, wave)
    assert reach.tolist() == [4000]


def test_speed_changes_the_length_and_silence_stays_beyond_it() -> None:
    torch.manual_seed(0)
    wave = torch.nn.functional.pad(tone(300, 2000), (0, 2000)).repeat(8, 1)
    other, reach = perturb(wave, torch.full((8,), 2000), 0.2, 100, 0.5)
    assert len(set(reach.tolist())) > 4
    assert 1600 < int(reach.min()) <= int(reach.max()) < 2700
    assert all(other[i, reach[i] :].abs().max() == 0 for i in range(8))


def test_spec_augment_hides_at_most_its_share() -> None:
    torch.manual_seed(0)
    mel, mask = torch.ones(50, 40, 30), torch.arange(30).expand(50, -1) < 20
    hidden = spec_augment(mel, mask, 0.25, 0.5) == 0
    bands, frames = hidden.all(2).sum(1), hidden.all(1).sum(1)
    assert 0 < bands.max() <= 11
    assert 0 < frames.max() <= 11
    assert not hidden[:, :, 20:].all(1).any()  # padding needs no hiding


def test_time_pool_cuts_each_recording_by_its_own_length() -> None:
    x = torch.arange(8.0).reshape(1, 8, 1).repeat(2, 1, 1)
    mask = torch.arange(8) < torch.tensor([[8], [4]])
    found = time_pool(x, mask, 2)
    assert found[0].tolist() == [[1.5, 3.0], [5.5, 7.0]]
    assert found[1].tolist() == [[0.5, 1.0], [2.5, 3.0]]


def test_masked_statistics_equal_those_of_the_real_positions() -> None:
    torch.manual_seed(0)
    norm, plain = MaskedBatchNorm(5), torch.nn.BatchNorm1d(5)
    x, mask = torch.randn(6, 5, 9), torch.arange(9) < torch.tensor([[9], [4], [1], [7], [2], [3]])
    found = norm(x, mask)
    real = plain(x.transpose(1, 2)[mask])
    torch.testing.assert_close(found.transpose(1, 2)[mask], real)
    assert found.transpose(1, 2)[~mask].abs().max() == 0
    torch.testing.assert_close(norm.mean, plain.running_mean)
    torch.testing.assert_close(norm.variance, plain.running_var)
    torch.testing.assert_close(norm.eval()(x, mask).transpose(1, 2)[mask], plain.eval()(x.transpose(1, 2)[mask]))
