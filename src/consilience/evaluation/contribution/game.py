"""From the score of every subset of disciplines to what each brought: a cooperative game.

The worth of a subset S is v(S), a score where higher is better; v of nothing is the score without any column.

- Shapley value (Shapley 1953): what a discipline adds, averaged over all orders in which they could join. The values
  add up to v(all) − v(nothing).
- Unique: v(all) − v(all others): what would be lost without it.
- Synergy of all: v(all) − the best v of a single one, the best of each resample: where two are about equally good,
  chance decides which leads, and a fixed choice would flatter the whole. Of a pair: v(both) − the better of the two.
- Redundancy of a pair: gain(a) + gain(b) − gain(both): what both would bring alone, told twice. Negative where the two
  are worth more together than the sum of their gains (an exclusive or).

Everything works on arrays of resamples: v maps a subset (a sorted tuple of positions) to an array [...].
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Worth = Mapping[tuple[int, ...], Array]


def shapley(v: Worth, count: int) -> Array:
    """Shapley values [D, ...] of `count` disciplines.

    Exact where v holds every subset; else the mean of the gain when joining first and when joining last, scaled so
    that the values still add up (v then needs (), singles, leave-one-out and all).
    """
    everyone = tuple(range(count))
    if len(v) == 2**count:
        return np.stack([_exact(v, i, count) for i in everyone])
    ends = [
        0.5 * (v[(i,)] - v[()] + v[everyone] - v[tuple(j for j in everyone if j != i)])  # joining first, and last
        for i in everyone
    ]
    found = np.stack(ends)
    left = v[everyone] - v[()] - found.sum(0)
    return np.asarray(found + left / count)


def _exact(v: Worth, i: int, count: int) -> Array:
    others = [j for j in range(count) if j != i]
    total = np.zeros_like(np.asarray(v[()], np.float64))
    for size in range(count):
        share = factorial(size) * factorial(count - size - 1) / factorial(count)
        for subset in combinations(others, size):
            total = total + share * (v[tuple(sorted((*subset, i)))] - v[subset])
    return np.asarray(total)


def unique(v: Worth, count: int) -> Array:
    """[D, ...]: what is lost without each discipline."""
    everyone = tuple(range(count))
    return np.stack([v[everyone] - v[tuple(j for j in everyone if j != i)] for i in everyone])


def synergy(v: Worth, count: int) -> Array:
    """[...]: all together above the best single discipline of each resample."""
    return np.asarray(v[tuple(range(count))] - np.max([v[(i,)] for i in range(count)], axis=0))


def pair_synergy(v: Worth, a: int, b: int) -> Array:
    """[...]: both together above the better of the two."""
    return np.asarray(v[(a, b)] - np.maximum(v[(a,)], v[(b,)]))


def pair_redundancy(v: Worth, a: int, b: int) -> Array:
    """[...]: gain(a) + gain(b) − gain(both)."""
    return np.asarray(v[(a,)] + v[(b,)] - v[(a, b)] - v[()])
