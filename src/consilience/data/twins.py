"""Rows that are twins of each other: clusters from pairs, counted within a table and across tables or
splits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from consilience.data.wording import share

Array = np.ndarray[Any, Any]


class Crossing(NamedTuple):
    """Rows of one later side that have a twin in the training rows."""

    side: int
    rows: Array
    """Positions in the pool."""
    total: int
    """Rows of that side."""


class Twins(NamedTuple):
    """extra: positions of all but the first of every cluster; first: the cluster's first, for each of
    `extra`."""

    extra: Array
    first: Array
    crossings: tuple[Crossing, ...]

    def examples(self, row: Array, count: int = 10) -> tuple[int, ...]:
        """Row numbers of the first clusters, in pairs: at most 2 × `count`."""
        pairs = np.stack([row[self.first[:count]], row[self.extra[:count]]], 1).ravel()
        return tuple(int(r) for r in dict.fromkeys(pairs.tolist()))


def clusters(size: int, pairs: Array) -> Array:
    """[size] label of each position's cluster; positions in no pair are clusters of one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (size, size))
    return np.asarray(connected_components(links, directed=False)[1])


def find_twins(label: Array, side: Array) -> Twins:
    """Twins from cluster labels [N] (−1 = compares with nothing) and sides [N]; side 0 = training rows."""
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    new = np.diff(label[order], prepend=-2) != 0
    start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0)) if len(order) else order
    train = np.unique(label[(side == 0) & (label >= 0)])
    crossing = []
    for other in range(1, int(side.max(initial=0)) + 1):
        here = np.flatnonzero((side == other) & np.isin(label, train))
        if len(here):
            crossing.append(Crossing(other, here, int((side == other).sum())))
    extra, first = order[~new], order[start[~new]]
    by_row = np.argsort(extra, kind="stable")
    return Twins(extra[by_row], first[by_row], tuple(crossing))


def across(twins: Twins, names: Sequence[str]) -> dict[str, Any]:
    """Details of a finding: rows of each later side that have a twin in training, and how many rows it has."""
    return {
        "across": {names[c.side]: len(c.rows) for c in twins.crossings},
        "of": {names[c.side]: c.total for c in twins.crossings},
    }


def sentence(twins: Twins, names: Sequence[str], what: str) -> str:
    """ "63 of 4,698 rows of test.csv (1.3 %) have the same text as a row of train.csv", joined over the
    sides."""
    return "; ".join(
        f"{len(c.rows):,} of {c.total:,} rows of {names[c.side]} ({share(len(c.rows), c.total)}) {what} {names[0]}"
        for c in twins.crossings
    )
