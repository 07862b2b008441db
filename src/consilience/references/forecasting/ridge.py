"""Ridge regression of every step ahead on the past.

Of each target: the past less its last value, and the last value itself, so that "nothing changes" and a return to the
mean are both within reach. Least squares in closed form is as good as trained linear networks (Toner & Darlow 2024, "An
Analysis of Linear Time Series Forecasting Models", arXiv 2403.14587). One map for all targets, or one each: the latest
fifth of the training windows decides, and picks the penalty.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from consilience.references.base import State
from consilience.references.forecasting.past import PastReference
from consilience.references.one_thread import one_thread

Array = np.ndarray[Any, Any]

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Candidates, as a share of the mean square of the features."""
MOST_SAMPLES = 300_000
"""Windows × targets that are looked at; more are thinned evenly."""
MOST_CELLS = 40_000_000
"""Numbers that the matrices of all targets may hold, where each has a map of its own."""
HELD = 0.2
CHUNK = 256


class Sums(NamedTuple):
    """Of each target: features × features [K', D, D], features × steps [K', D, H], squares of steps [K'], samples."""

    inner: Array
    cross: Array
    square: Array
    samples: Array

    def pooled(self) -> Sums:
        return Sums(*(part.sum(0, keepdims=True) for part in self))


@final
class PastLinear(PastReference):
    """See the module."""

    name: ClassVar[str] = "past_linear"
    _maps: Array = np.zeros((1, 0, 0), np.float32)
    """[1 or K', D, H]."""

    def learn(self, past: Array, wanted: Array) -> None:
        step = max(1, -(-len(past) * past.shape[2] // MOST_SAMPLES))
        past, wanted = past[::step], wanted[::step]
        cut = round(len(past) * (1 - HELD))
        cells = past.shape[2] * (past.shape[1] + 2) ** 2
        with one_thread():
            early, late = (
                _sums(p, w, cells <= MOST_CELLS) for p, w in ((past[:cut], wanted[:cut]), (past[cut:], wanted[cut:]))
            )
            every = Sums(*(a + b for a, b in zip(early, late, strict=True)))
            each = len(early.square) > 1
            best = min(
                (
                    (_loss(_solved(_view(early, own), penalty), _view(late, own)), own, penalty)
                    for own in ((False, True) if each else (False,))
                    for penalty in PENALTIES
                ),
                key=lambda found: found[0],
            )
            self._maps = _solved(_view(every, best[1]), best[2]).astype(np.float32)
        self.note = f"{'a map for each target' if best[1] else 'one map for all targets'}, penalty {best[2]:g}"

    def points(self, past: Array) -> Array:
        features = _features(past)
        maps = np.broadcast_to(self._maps, (past.shape[2], *self._maps.shape[1:]))
        found = np.stack([features[:, :, k] @ maps[k] for k in range(past.shape[2])], 2)
        return np.asarray(found + past[:, -1:])

    def own_state(self) -> State:
        return State({}, {"maps": self._maps})

    def own_restore(self, state: State) -> None:
        self._maps = state.arrays["maps"]


def _features(past: Array) -> Array:
    """[n, L, K'] → float32 [n, L + 1, K']: the past less its last value (which is left out), that value, one."""
    last = past[:, -1:]
    return np.concatenate([past[:, :-1] - last, last, np.ones_like(last)], 1).astype(np.float32)


def _sums(past: Array, wanted: Array, each: bool) -> Sums:
    """each: of every target by itself; else of all together."""
    targets, size, steps = past.shape[2], past.shape[1] + 1, wanted.shape[1]
    maps = targets if each else 1
    found = Sums(
        np.zeros((maps, size, size)), np.zeros((maps, size, steps)), np.zeros(maps), np.zeros(maps)
    )  # fmt: skip
    for start in range(0, len(past), CHUNK):
        features = _features(past[start : start + CHUNK])
        change = wanted[start : start + CHUNK] - past[start : start + CHUNK, -1:]
        for place in range(targets):
            whole = ~np.isnan(change[:, :, place]).any(1)
            x, y = features[whole, :, place], change[whole, :, place]
            at = place if each else 0
            found.inner[at] += x.T @ x
            found.cross[at] += x.T @ y
            found.square[at] += float(np.square(y, dtype=np.float64).sum())
            found.samples[at] += len(x)
    return found


def _view(sums: Sums, own: bool) -> Sums:
    return sums if own else sums.pooled()


def _solved(sums: Sums, penalty: float) -> Array:
    """[maps, D, H]; the column of ones carries hardly any penalty."""
    size = sums.inner.shape[1]
    mean = np.trace(sums.inner, axis1=1, axis2=2) / size
    strength = np.ones(size)
    strength[-1] = 1e-6
    ridge = sums.inner + (penalty * np.maximum(mean, 1e-6))[:, None, None] * np.diag(strength)
    return np.asarray(np.linalg.solve(ridge, sums.cross))


def _loss(maps: Array, held: Sums) -> float:
    """Summed squared error on the held-out samples, from their sums alone."""
    fit = np.einsum("kdh,kde,keh->", maps, held.inner, maps, optimize=True)
    return float(held.square.sum() - 2 * np.einsum("kdh,kdh->", maps, held.cross) + fit)
