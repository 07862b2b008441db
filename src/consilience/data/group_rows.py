"""Whole groups (patients, speakers) held out or dealt to folds, with sizes and classes as even as can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.core.errors import InputError
from consilience.data.stratified_rows import Rows

CLASSES = 50
"""Most frequent classes that are balanced; the others count as one."""
WORK = 4_000_000
"""Group-class cells looked at over all trials."""


def hold_out_groups(
    groups: Rows, classes: Rows | None, share: float, keep: int, random: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """[n] bool, True for the rows of the groups held out: the best of many random draws.

    Args:
        groups: [n] int group of each row. classes: [n] int class of each row, or None.
        keep: groups that must stay.

    Raises:
        InputError: when there are too few groups.
    """
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    if number <= keep:
        raise InputError(f"{number} group{'s' if number > 1 else ''} for {keep + 1} parts of the split")
    counts = _counts(group, number, classes)
    sizes = counts.sum(1)
    target = max(share * sizes.sum(), 1.0)
    pool = np.flatnonzero(sizes <= max(1.5 * target, sizes.min()))
    best, least = np.zeros(0, np.int64), np.inf
    for _ in range(int(np.clip(WORK // counts.size, 5, 200))):
        order = random.permutation(pool)
        upto = np.cumsum(sizes[order])
        cut = min(int(np.abs(upto - target).argmin()) + 1, number - keep)
        cost = _cost(counts[order[:cut]].sum(0), counts.sum(0), target)
        if cost < least:
            best, least = order[:cut], cost
    held: np.ndarray[Any, np.dtype[np.bool_]] = np.isin(group, best)
    return held


def deal_groups(groups: Rows, classes: Rows | None, folds: int, random: np.random.Generator) -> Rows:
    """[n] fold of each row, below min(folds, groups): large groups first, each where its classes are rare."""
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    if number < 2:
        raise InputError("one group cannot be dealt to folds")
    counts = _counts(group, number, classes).astype(np.float64)
    counts = np.column_stack([counts, counts.sum(1)])
    scale = 1 / np.maximum(counts.sum(0), 1) ** 2
    filled = np.zeros((min(folds, number), counts.shape[1]))
    fold = np.zeros(number, np.int64)
    for one in np.lexsort((random.random(number), -counts[:, -1])):
        after = (2 * filled + counts[one]) @ (counts[one] * scale)
        fold[one] = np.lexsort((filled[:, -1], after.round(12)))[0]
        filled[fold[one]] += counts[one]
    dealt: Rows = fold[group]
    return dealt


def _counts(group: Rows, number: int, classes: Rows | None) -> Rows:
    """[G, C] rows of each group and class."""
    if classes is None:
        return np.bincount(group, minlength=number)[:, None]
    _, code = np.unique(classes, return_inverse=True)
    frequency = np.bincount(code)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(-frequency, kind="stable")] = np.arange(len(frequency))
    code = np.minimum(rank[code], CLASSES)
    width = int(code.max()) + 1
    return np.bincount(group * width + code, minlength=number * width).reshape(number, width)


def _cost(held: Rows, total: Rows, target: float) -> float:
    """Distance from the wanted size and class shares; a class with no row left to learn from weighs most."""
    size = abs(held.sum() - target) / target
    shares = np.abs(held / held.sum() - total / total.sum()).sum() / 2
    lost = ((held == total) & (total > 0)).sum()
    unseen = ((held == 0) & (total > 1)).sum() / len(total)
    return float(size + shares + lost + unseen)
