"""What every reference of forecasts shares: reading the past, and quantiles from how far it was wrong in training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from consilience.core.config import Config as Block
from consilience.data.forecast_layout import layout_of
from consilience.references.base import Rows, State

Array = np.ndarray[Any, Any]

LEAST_SPREAD = 0.05
"""Spread of a window, in training standard deviations, below which it counts as this much."""
MEASURED = 3_000
"""Training windows that quantiles are taken from."""
CHUNK = 1_024
"""Windows forecast at once."""


class PastReference(ABC):
    """Abstract: forecasts from the past of the targets alone, in standard deviations of the training steps.

    Quantiles are those of its own training errors, of each step and target, in units of the window's spread.
    """

    texts: ClassVar[bool] = False
    forecasts: ClassVar[bool] = True

    class Config(Block):
        """No options."""

    def __init__(self, config: Config, facts: Mapping[str, Any], kind: str) -> None:
        self.config, self.layout = config, layout_of(kind)
        self.note = ""
        groups = facts["groups"]
        self._group = next(name for name, known in groups.items() if self.layout.column in known["columns"])
        known = groups[self._group]
        place = known["columns"].index(self.layout.column)
        mean, std = (np.array([known[p][place][c] for c in self.layout.places]) for p in ("mean", "std"))
        self._scale = (std / self.layout.sd).astype(np.float32)
        self._shift = ((mean - self.layout.mean) / self.layout.sd).astype(np.float32)
        self._offsets: Array = np.zeros((self.layout.horizon, len(self.layout.places), len(self.layout.levels)))

    @abstractmethod
    def learn(self, past: Array, wanted: Array) -> None:
        """past float32 [N, L, K'], without gaps; wanted [N, H, K'], NaN where missing."""

    @abstractmethod
    def points(self, past: Array) -> Array:
        """[N, L, K'] → [N, H, K']."""

    @abstractmethod
    def own_state(self) -> State:
        """What `learn` found."""

    @abstractmethod
    def own_restore(self, state: State) -> None:
        """Take up what `own_state` gave."""

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """See `Reference.fit`."""
        past, there = self._read(rows)
        index = np.flatnonzero((np.asarray(weight) > 0) & there)
        wanted = self._wanted(np.asarray(target)[index])
        past = past[index]
        self.learn(past, wanted)
        few = np.unique(np.linspace(0, len(index) - 1, min(len(index), MEASURED)).astype(np.int64))
        if len(few) and self.layout.levels:
            away = (wanted[few] - self._said(past[few])) / spread_of(past[few])[:, None]
            found = _quantiles(away, self.layout.levels)
            self._offsets = found

    def settled(self) -> dict[str, Any]:
        """See `Reference.settled`."""
        return {}

    def predict(self, rows: Rows) -> Array:
        """See `Reference.predict`; rows without a past get the training mean."""
        past, there = self._read(rows)
        point = np.where(there[:, None, None], self._said(past), np.float32(0))
        spread = np.where(there[:, None], spread_of(past), np.float32(1))
        quantiles = point[..., None] + self._offsets * spread[:, None, :, None]
        whole = np.concatenate([point[..., None], quantiles], -1)
        sd, mean = (np.asarray(part, np.float32)[:, None] for part in (self.layout.sd, self.layout.mean))
        return np.asarray(whole * sd + mean, np.float32).reshape(len(whole), -1)

    def state(self) -> State:
        own = self.own_state()
        return State({**own.values, "note": self.note}, {**own.arrays, "offsets": self._offsets.astype(np.float32)})

    def restore(self, state: State) -> None:
        self.note = str(state.values["note"])
        self._offsets = np.asarray(state.arrays["offsets"])
        self.own_restore(state)

    def _said(self, past: Array) -> Array:
        parts = [self.points(past[start : start + CHUNK]) for start in range(0, len(past), CHUNK)]
        if not parts:
            return np.zeros((0, self.layout.horizon, len(self.layout.places)), np.float32)
        return np.concatenate(parts).astype(np.float32)

    def _wanted(self, target: Array) -> Array:
        mean, sd = (np.asarray(part, np.float32) for part in (self.layout.mean, self.layout.sd))
        return np.asarray((self.layout.wanted(target) - mean) / sd, np.float32)

    def _read(self, rows: Rows) -> tuple[Array, Array]:
        """[N, L, K'] with gaps closed by the value before, and [N] bool: whether there is a past."""
        arrays = rows.arrays[self._group]
        value, seen = (arrays[name][:, 0][..., list(self.layout.places)] for name in ("value", "observed"))
        past = np.where(seen, value * self._scale + self._shift, np.float32(np.nan)).astype(np.float32)
        short = self.layout.past - past.shape[1]
        if short > 0:
            past = np.pad(past, ((0, 0), (0, short), (0, 0)), constant_values=np.nan)
        return closed(past), np.asarray(seen.any((1, 2)))


def closed(past: Array) -> Array:
    """The past [N, L, K'] with each gap filled by the value before it, at the beginning by the first; 0 without any."""
    missing = np.isnan(past)
    if not missing.any():
        return past
    steps = np.arange(past.shape[1])[None, :, None]
    before = np.maximum.accumulate(np.where(missing, -1, steps), 1)
    first = np.argmin(missing, 1)[:, None, :]
    found = np.take_along_axis(past, np.where(before < 0, first, before), 1)
    return np.asarray(np.nan_to_num(found), np.float32)


def spread_of(past: Array) -> Array:
    """[N, K']: standard deviation of each window, LEAST_SPREAD added."""
    return np.asarray(np.sqrt(past.var(1, dtype=np.float32) + LEAST_SPREAD**2), np.float32)


def _quantiles(away: Array, levels: tuple[float, ...]) -> Array:
    """[H, K', Q] of [N, H, K'], whatever is missing."""
    if np.isnan(away).any():
        known = ~np.isnan(away).all(0)
        found = np.zeros((*away.shape[1:], len(levels)), np.float32)
        for step, place in np.argwhere(known):
            each = away[:, step, place]
            found[step, place] = np.quantile(each[~np.isnan(each)], levels)
        return found
    return np.moveaxis(np.quantile(away, levels, axis=0), 0, -1).astype(np.float32)
