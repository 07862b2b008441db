"""The networks of a bundle as independent trainings, so that a verdict does not rest on one seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MOST_DRAWS = 10
"""Sets of trainings that are drawn with replacement; rows are resampled anew within each."""


def trainings(members: Sequence[Array], folds: int) -> list[Array]:
    """Predictions [N, K] of each independent training.

    With folds and at least three networks in each, a training is one network of every fold, averaged; else every
    network is a training of its own.

    Args:
        members: predictions of each network, fold by fold.
        folds: number of folds, 1 without.
    """
    each = len(members) // max(folds, 1)
    if folds > 1 and each >= 3:
        return [np.mean([members[fold * each + i] for fold in range(folds)], axis=0) for i in range(each)]
    return list(members)


def draws(count: int, seed: int) -> list[tuple[int, ...]]:
    """Which trainings are averaged in each draw: `count` of `count` with replacement (the bootstrap over seeds)."""
    if count == 1:
        return [(0,)]
    generator = np.random.default_rng((seed, 41))
    return [tuple(int(i) for i in generator.integers(0, count, count)) for _ in range(MOST_DRAWS)]
