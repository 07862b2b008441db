from __future__ import annotations

import numpy as np
import pytest

from consilience.references.series_features import PLAIN, series_width, summarise_series


def wave(cycles: float, steps: int = 64, room: int = 80) -> np.ndarray:
    value = np.zeros((1, 1, room, 1), np.float32)
    value[0, 0, :steps, 0] = np.sin(2 * np.pi * cycles * np.arange(steps))
    return value


def test_shape_and_missing_series() -> None:
    value = np.random.default_rng(0).normal(size=(4, 2, 30, 3)).astype(np.float32)
    mask = np.ones((4, 2, 30), bool)
    mask[1, 0] = False
    observed = np.repeat(mask[..., None], 3, 3)
    observed[2, 1, :, 1] = False
    found = summarise_series(value * observed, observed, mask, 30)
    assert found.shape == (4, 2 * series_width(3))
    each = series_width(3)
    assert np.isnan(found[1, :each]).all()
    assert np.isfinite(found[[0, 3]]).all()
    assert np.isnan(found[2, each:]).sum() == (each - 1) // 3


def test_figures_tell_frequencies_and_trends_and_padding_does_not_matter() -> None:
    slow, fast = wave(1 / 32), wave(1 / 4)
    mask = np.arange(80)[None, None] < 64
    observed = mask[..., None]
    found = [summarise_series(v, observed, mask, 80)[0] for v in (slow, fast)]
    bands = [f[-8:] for f in found]
    assert bands[0].argmax() == 3 or bands[0].argmax() == 4
    assert bands[1].argmax() == 1 or bands[1].argmax() == 0
    cut = summarise_series(slow[:, :, :64], observed[:, :, :64], mask[:, :, :64], 80)[0]
    assert cut == pytest.approx(found[0], abs=1e-5)
    rising = np.linspace(0, 1, 80, dtype=np.float32).reshape(1, 1, 80, 1)
    every = np.ones((1, 1, 80), bool)
    plain = summarise_series(rising, every[..., None], every, 80)[0, 1 : 1 + PLAIN]
    assert plain[0] == pytest.approx(0.5)
    assert plain[4:6] == pytest.approx([0, 1])
    assert plain[6] == pytest.approx(80 / 79)
