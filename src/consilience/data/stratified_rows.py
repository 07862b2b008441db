"""Random rows with every class in its share: held out once, or dealt to folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.core.errors import InputError

Rows = np.ndarray[Any, np.dtype[np.int64]]


def hold_out(rows: Rows, classes: Rows | None, share: float, keep: int, random: np.random.Generator) -> Rows:
    """About `share` of `rows`, sorted; every class keeps at least one row, a class of one row is never drawn.

    Args:
        rows: [n] row numbers. classes: [n] int class of each row, or None to draw from all alike.
        keep: parts still to come: 1 = the training rows, 2 = a further draw before them.

    Raises:
        InputError: when too few classes have two rows.
    """
    target = min(max(round(share * len(rows)), 1), len(rows) - keep)
    if classes is None:
        return np.sort(random.permutation(rows)[:target])
    _, code = np.unique(classes, return_inverse=True)
    counts = np.bincount(code)
    spare = len(rows) - len(counts)
    if spare < keep:
        what = f"{len(rows)} rows of {len(counts)} classes leave {spare} to hold out, as every class keeps one"
        raise InputError(what, fix="Give more rows")
    take = _shares(counts, share, min(target, spare - keep + 1), random)
    order, place = _shuffled_within(code, counts, random)
    return np.sort(rows[order[place < take[code[order]]]])


def _shares(counts: Rows, share: float, target: int, random: np.random.Generator) -> Rows:
    """[C] rows to take of each class: its share, rounded so that the sum is `target`; never all of them."""
    room = counts - 1
    exact = share * counts
    take = np.minimum(np.floor(exact).astype(np.int64), room)
    order = np.lexsort((random.random(len(counts)), np.floor(exact) - exact))  # largest fraction first
    while take.sum() < target:
        open_classes = order[take[order] < room[order]]
        take[open_classes[: target - take.sum()]] += 1
    taken: Rows = take
    return taken


def deal(classes: Rows | None, count: int, folds: int, random: np.random.Generator) -> Rows:
    """[n] fold of each of `count` rows: folds of equal size, every class spread over as many as it can reach.

    A class of one row gets −1: it is never validated, so that it is always learned.
    """
    if classes is None:
        classes = np.zeros(count, np.int64)
    _, code = np.unique(classes, return_inverse=True)
    counts = np.bincount(code)
    order, _ = _shuffled_within(code, counts, random)
    order = order[counts[code[order]] > 1]
    fold = np.full(count, -1, np.int64)
    fold[order] = np.arange(len(order)) % folds
    return fold


def _shuffled_within(code: Rows, counts: Rows, random: np.random.Generator) -> tuple[Rows, Rows]:
    """Positions class by class, shuffled within each, and each one's place within its class."""
    shuffled = random.permutation(len(code))
    order = shuffled[np.argsort(code[shuffled], kind="stable")]
    place = np.arange(len(code)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order, place
