"""Spectrograms exactly as pretrained audio networks were given them, as fixed matrices in the graph.

A frame's preparation (mean taken off, pre-emphasis, taper) is linear, so it is folded into the Fourier matrix: one
convolution over the wave. Whisper: Radford et al. 2022 (arXiv 2212.04356); AST: Gong et al. 2021 (arXiv 2104.01778),
whose features are those of Kaldi.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Matrix = np.ndarray[Any, np.dtype[np.float64]]
FRAME, HOP = 400, 160
"""Samples: 25 and 10 ms at 16 kHz."""
KALDI_SIZE, EMPHASIS, KALDI_FLOOR, KALDI_LOWEST = 512, 0.97, 1.192092955078125e-07, 20.0
SPREAD = 8.0
"""Whisper: decades below the loudest point at which a spectrogram is cut off."""


class WhisperMel(nn.Module):
    """Wave [N, T], 16 kHz → [N, M, T // 160]: log10 power in mel bands, the loudest eight decades, around 0."""

    def __init__(self, mels: int) -> None:
        super().__init__()
        taper = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(FRAME) / FRAME)
        self.register_buffer("kernel", _kernel(np.diag(taper), FRAME), persistent=False)
        self.register_buffer("filters", _filters(FRAME, mels, 0.0, "slaney"), persistent=False)

    kernel: Tensor
    filters: Tensor

    def forward(self, wave: Tensor) -> Tensor:
        wave = F.pad(wave.unsqueeze(1), (FRAME // 2, 0), mode="reflect")
        mel = _mel(F.pad(wave, (0, FRAME // 2)), self.kernel, self.filters)[:, :, :-1]
        mel = torch.log10(mel.clamp(min=1e-10))
        return (torch.maximum(mel, mel.amax((1, 2), keepdim=True) - SPREAD) + 4) / 4


class KaldiMel(nn.Module):
    """Wave [N, T], 16 kHz → [N, 1 + (T - 400) // 160, M]: natural log power in mel bands, as AST reads it.

    Args:
        mean, std: of the training set's features; the result is (x - mean) / (2 · std).
    """

    def __init__(self, mels: int, mean: float, std: float) -> None:
        super().__init__()
        taper = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(FRAME) / (FRAME - 1))
        centre = np.eye(FRAME) - np.full((FRAME, FRAME), 1 / FRAME)
        emphasis = np.eye(FRAME) - EMPHASIS * np.eye(FRAME, k=-1)
        emphasis[0, 0] -= EMPHASIS
        self.mean, self.scale = mean, 1 / (2 * std)
        frame = np.diag(taper) @ emphasis @ centre
        self.register_buffer("kernel", _kernel(frame, KALDI_SIZE), persistent=False)
        self.register_buffer("filters", _filters(KALDI_SIZE, mels, KALDI_LOWEST, "kaldi"), persistent=False)

    kernel: Tensor
    filters: Tensor

    def forward(self, wave: Tensor) -> Tensor:
        mel = _mel(wave.unsqueeze(1), self.kernel, self.filters).clamp(min=KALDI_FLOOR)
        return (torch.log(mel).transpose(1, 2) - self.mean) * self.scale


def _mel(wave: Tensor, kernel: Tensor, filters: Tensor) -> Tensor:
    """Power in bands [N, M, F] of a wave [N, 1, T]."""
    power = F.conv1d(wave, kernel, stride=HOP).square()
    half = power.shape[1] // 2
    return filters @ (power[:, :half] + power[:, half:])


def _kernel(frame: Matrix, size: int) -> Tensor:
    """Cosine and sine rows of the Fourier matrix after `frame` [400, 400] has been applied: [size + 2, 1, 400]."""
    angle = 2 * math.pi * np.outer(np.arange(size // 2 + 1), np.arange(FRAME)) / size
    rows = np.concatenate([np.cos(angle), np.sin(angle)]) @ frame
    return torch.tensor(rows[:, None], dtype=torch.float32)


def _filters(size: int, mels: int, lowest: float, scale: str) -> Tensor:
    """Mel filters [M, size // 2 + 1] for 16 kHz, made by the library that the networks come from."""
    from transformers.audio_utils import mel_filter_bank

    kaldi = scale == "kaldi"
    with warnings.catch_warnings():  # AST's lowest bands are empty, and were so when it learned
        warnings.simplefilter("ignore", UserWarning)
        found = mel_filter_bank(
            num_frequency_bins=size // 2 + 1,
            num_mel_filters=mels,
            min_frequency=lowest,
            max_frequency=8000.0,
            sampling_rate=16_000,
            norm=None if kaldi else "slaney",
            mel_scale=scale,
            triangularize_in_mel_space=kaldi,
        )
    return torch.tensor(np.asarray(found).T, dtype=torch.float32)
