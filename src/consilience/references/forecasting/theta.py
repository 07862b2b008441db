"""The Theta method: simple exponential smoothing with half the trend, on the series less its season.

Assimakopoulos & Nikolopoulos 2000, "The theta model", which won the M3 competition; as smoothing with drift: Hyndman &
Billah 2003, "Unmasking the Theta method". The season is additive, so that values may be negative; the smoothing is
picked on training windows, once for each target.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.references.base import State
from consilience.references.forecasting.past import PastReference

Array = np.ndarray[Any, Any]

SMOOTHING = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
JUDGED = 500
"""Training windows on which each smoothing is tried."""


@final
class Theta(PastReference):
    """See the module."""

    name: ClassVar[str] = "theta"
    _smoothing: Array = np.full(1, 0.2, np.float32)
    """[K']."""

    def learn(self, past: Array, wanted: Array) -> None:
        few = np.unique(np.linspace(0, len(past) - 1, min(len(past), JUDGED)).astype(np.int64))
        errors = []
        for alpha in SMOOTHING:
            self._smoothing = np.full(past.shape[2], alpha, np.float32)
            square = (self.points(past[few]) - wanted[few]) ** 2
            known = np.isfinite(square)
            errors.append(np.where(known, square, 0).sum((0, 1)) / np.maximum(known.sum((0, 1)), 1))
        self._smoothing = np.array(SMOOTHING, np.float32)[np.argmin(errors, 0)]

    def points(self, past: Array) -> Array:
        season = self._season(past)
        length, steps = past.shape[1], self.layout.horizon
        alpha = self._smoothing
        level, slope = past, np.zeros((len(past), past.shape[2]), np.float32)
        pattern = np.zeros((len(past), 1, past.shape[2]), np.float32)
        if season > 1:
            pattern = _pattern(past, season)
            level = past - pattern[:, np.arange(length) % season]
        if length > 2:
            away = np.arange(length, dtype=np.float32) - (length - 1) / 2
            slope = np.einsum("l,nlk->nk", away, level) / float((away**2).sum())
        smooth = level[:, 0]
        for step in range(1, length):
            smooth = alpha * level[:, step] + (1 - alpha) * smooth
        ahead = np.arange(steps, dtype=np.float32)[None, :, None] + ((1 - (1 - alpha) ** length) / alpha)
        found = smooth[:, None] + 0.5 * slope[:, None] * ahead
        return np.asarray(found + pattern[:, (length + np.arange(steps)) % pattern.shape[1]])

    def _season(self, past: Array) -> int:
        """The season, where the window holds two."""
        return self.layout.season if past.shape[1] >= 2 * self.layout.season else 1

    def own_state(self) -> State:
        return State({}, {"smoothing": self._smoothing})

    def own_restore(self, state: State) -> None:
        self._smoothing = state.arrays["smoothing"]


def _pattern(past: Array, season: int) -> Array:
    """[N, season, K']: mean distance from the moving average of a season, at each place; it sums to zero."""
    total = np.cumsum(np.pad(past, ((0, 0), (1, 0), (0, 0))), 1, dtype=np.float64)
    mean = (total[:, season:] - total[:, :-season]) / season
    first = season // 2
    if season % 2 == 0:
        mean = (mean[:, :-1] + mean[:, 1:]) / 2  # an even season is centred between two of them
    away = past[:, first : first + mean.shape[1]] - mean
    places = (first + np.arange(mean.shape[1])) % season
    found = np.stack([away[:, places == place].mean(1) for place in range(season)], 1)
    return np.asarray(found - found.mean(1, keepdims=True), np.float32)
