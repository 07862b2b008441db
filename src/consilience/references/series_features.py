"""Series → a row of plain numbers, for models that read tables: level, spread, course, pace and frequencies.

In the spirit of Lubba et al. 2019, "catch22: CAnonical Time-series CHaracteristics" (arXiv 1901.10200): few figures
that anybody would take by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

PLAIN = 10
"""Figures of a channel beside its course and its frequencies."""
PARTS, BANDS = 12, 8
"""Equal stretches whose means are the course; bands of frequency, each twice as wide as the one below."""
FULL = 12
"""Channels up to which each has its course and frequencies too."""
MOST = 400
"""Channels that are looked at."""
SLICE = 128
"""Rows whose frequencies are computed at a time."""


@final
class SeriesReading:
    """Series as figures of their channels: see `summarise_series`."""

    costly: ClassVar[bool] = False

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return series_width(max(facts["channels"]))

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        return summarise_series(arrays["value"], arrays["observed"], arrays["mask"], int(facts["length"]))


def series_width(channels: int) -> int:
    """Numbers that `summarise_series` gives for one column of K channels."""
    each = PLAIN + (PARTS + BANDS if channels <= FULL else 0)
    return 1 + min(channels, MOST) * each


def summarise_series(value: Array, observed: Array, mask: Array, longest: int) -> Array:
    """Length, and of every channel: mean, deviation, least, largest, first, last, slope, mean step, likeness of
    neighbours, share observed; of few channels also the course and the frequencies.

    Args:
        value: float32 [N, C, L, K]. observed: bool, the same. mask: bool [N, C, L].
        longest: L before padding was cut, so that frequencies are always the same ones.
    Returns:
        float32 [N, C × series_width(K)]; NaN where there is no series, or no point of a channel.
    """
    rows, columns, length, channels = value.shape
    kept = min(channels, MOST)
    x = np.moveaxis(value[..., :kept].astype(np.float64), 2, 3).reshape(-1, length)  # [N · C · K, L]
    seen = np.moveaxis(observed[..., :kept], 2, 3).reshape(-1, length)
    steps = np.repeat(mask.sum(2).reshape(-1), kept)
    parts = [_plain(x, seen, steps)]
    if channels <= FULL:
        centred = np.where(seen, x - parts[0][:, :1], 0.0)
        parts += [_course(centred, seen, steps), _frequencies(centred, max(longest, length, 2))]
    found = np.concatenate(parts, 1)
    found[~seen.any(1)] = np.nan
    lengths = np.where(mask.any(2), np.log1p(mask.sum(2)), np.nan)[..., None]
    return np.concatenate([lengths, found.reshape(rows, columns, -1)], 2).reshape(rows, -1).astype(np.float32)


def _plain(x: Array, seen: Array, steps: Array) -> Array:
    """[n, PLAIN] of series [n, L]."""
    count = np.maximum(seen.sum(1), 1)
    mean = np.where(seen, x, 0).sum(1) / count
    centred = np.where(seen, x - mean[:, None], 0.0)
    variance = np.square(centred).sum(1) / count
    place = np.arange(x.shape[1])
    middle = np.where(seen, place, 0).sum(1) / count
    apart = np.where(seen, place - middle[:, None], 0.0)
    slope = (apart * centred).sum(1) / np.maximum(np.square(apart).sum(1), 1)
    every = np.arange(len(x))
    first, last = seen.argmax(1), x.shape[1] - 1 - seen[:, ::-1].argmax(1)
    pairs = seen[:, 1:] & seen[:, :-1]
    many = np.maximum(pairs.sum(1), 1)
    pace = (np.abs(np.diff(x, axis=1)) * pairs).sum(1) / many
    alike = (centred[:, 1:] * centred[:, :-1] * pairs).sum(1) / many / np.maximum(variance, 1e-9)
    low, high = np.where(seen, x, np.inf).min(1), np.where(seen, x, -np.inf).max(1)
    share = seen.sum(1) / np.maximum(steps, 1)
    figures = [mean, np.sqrt(variance), low, high, x[every, first], x[every, last], slope * np.maximum(steps, 1)]
    return np.stack([*figures, pace, np.clip(alike, -1, 1), share], 1)


def _course(centred: Array, seen: Array, steps: Array) -> Array:
    """[n, PARTS]: means of equal stretches of each series' own length; 0 (its mean) where a stretch has no point."""
    part = np.minimum(np.arange(centred.shape[1]) * PARTS // np.maximum(steps, 1)[:, None], PARTS - 1)
    found = np.zeros((len(centred), PARTS))
    for place in range(PARTS):
        inside = seen & (part == place)
        found[:, place] = (centred * inside).sum(1) / np.maximum(inside.sum(1), 1)
    return found


def _frequencies(centred: Array, longest: int) -> Array:
    """[n, BANDS]: the share of each band of cycles a step, halving from half a cycle downwards."""
    cycles = np.fft.rfftfreq(longest)
    band = np.clip(np.floor(-np.log2(np.maximum(cycles, 1e-9) / 0.5)), 0, BANDS - 1).astype(int)
    gathered = np.zeros((len(cycles), BANDS))
    gathered[np.arange(len(cycles)), band] = cycles > 0
    found = np.zeros((len(centred), BANDS))
    for start in range(0, len(centred), SLICE):
        power = np.square(np.abs(np.fft.rfft(centred[start : start + SLICE], longest, axis=1)))
        found[start : start + SLICE] = power @ gathered
    return np.asarray(found / np.maximum(found.sum(1, keepdims=True), 1e-12))
