"""Candidates for weak slices: SliceLine (Sagadeeva and Boehm, "SliceLine: Fast, Linear-Algebra-based Slice Finding
for ML Model Debugging", SIGMOD 2021), every conjunction of up to three literals, scored by sparse-free matrix products.

The paper's score of a slice S weighs how much worse its rows are against how few they are:
alpha (mean loss of S / mean loss − 1) − (1 − alpha) (rows / rows of S − 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

ALPHA = 0.95
BEAM = 40
"""Pairs that are extended to three literals, the best; the paper prunes by bounds, which small tables do not need."""
ALIKE = 0.6
"""Shared rows over joint rows (Jaccard) from which two slices count as one."""


NARROWER = 0.9
"""Share of the rows of every shorter conjunction that a longer one may keep: each literal must mean something."""


class Slice(NamedTuple):
    """literals: their numbers, ascending. score: SliceLine's. rows: how many meet them."""

    literals: tuple[int, ...]
    score: float
    rows: int


def find_slices(masks: Array, owners: Sequence[str], loss: Array, fewest: int, most: int) -> list[Slice]:
    """The best slices, best first, none much like a better one.

    Args:
        masks: bool [L, N], rows that meet each literal. owners: column of each literal, since no two literals of
        one column are joined. loss: [N], at least 0. fewest: rows of a slice. most: slices given back.
    """
    if not len(masks) or not loss.sum() > 0:
        return []
    dense = masks.astype(np.float64)
    column = np.unique(np.asarray(owners), return_inverse=True)[1]
    sizes, losses = dense.sum(1), dense @ loss
    found = [Slice((i,), float(s), int(sizes[i])) for i, s in enumerate(_score(sizes, losses, loss, fewest))]
    pair_sizes, pair_losses = dense @ dense.T, (dense * loss) @ dense.T
    scored = _score(pair_sizes, pair_losses, loss, fewest)
    scored[column[:, None] >= column[None, :]] = -np.inf
    scored[pair_sizes > NARROWER * np.minimum(sizes[:, None], sizes[None, :])] = -np.inf
    pairs = [
        Slice((int(i), int(j)), float(scored[i, j]), int(pair_sizes[i, j]))
        for i, j in zip(*np.nonzero(np.isfinite(scored)), strict=True)
    ]
    pairs = sorted(pairs, key=lambda s: -s.score)
    found += pairs[: 20 * BEAM]
    for pair in pairs[:BEAM]:
        both = dense[pair.literals[0]] * dense[pair.literals[1]]
        triple_sizes, triple_losses = dense @ both, dense @ (both * loss)
        scores = _score(triple_sizes, triple_losses, loss, fewest)
        scores[np.isin(column, column[list(pair.literals)])] = -np.inf
        least = np.minimum(pair_sizes[pair.literals[0]], pair_sizes[pair.literals[1]])
        scores[triple_sizes > NARROWER * np.minimum(least, pair.rows)] = -np.inf
        for k in np.flatnonzero(np.isfinite(scores)):
            literals = tuple(sorted((*pair.literals, int(k))))
            found.append(Slice(literals, float(scores[k]), int(triple_sizes[k])))
    return _different(sorted(found, key=lambda s: (-s.score, len(s.literals), s.literals)), masks, most)


def _score(sizes: Array, losses: Array, loss: Array, fewest: int) -> Array:
    """SliceLine's score; −inf for slices that are too small or no worse than the whole."""
    mean = loss.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        score = ALPHA * (losses / sizes / mean - 1) - (1 - ALPHA) * (len(loss) / sizes - 1)
        score[~((sizes >= fewest) & (losses / sizes > mean))] = -np.inf
    return np.asarray(score)


def _different(ranked: Sequence[Slice], masks: Array, most: int) -> list[Slice]:
    """The first of the ranked slices, but those that hold nearly the rows of one before."""
    kept: list[Slice] = []
    rows: list[Array] = []
    for candidate in ranked:
        if len(kept) == most or not np.isfinite(candidate.score):
            break
        met = np.logical_and.reduce(masks[list(candidate.literals)])
        if all((met & other).sum() < ALIKE * (met | other).sum() for other in rows):
            kept.append(candidate)
            rows.append(met)
    return kept
