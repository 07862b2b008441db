"""Do two samples of vectors come from one distribution? Maximum mean discrepancy (Gretton et al. 2012, "A Kernel
Two-Sample Test"), as Rabanser et al. 2019 ("Failing Loudly") found fit for learned representations.

The p-value comes from permutations; where too few of them reach the statistic, from a Pearson III tail that is fitted
to them (Winkler et al. 2016, "Faster permutation inference in brain imaging"): a correction over many looks asks for
p-values that permutations alone would take minutes to reach.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

PERMUTATIONS = 1_000
ENOUGH = 10
"""Permutations at least as extreme from which on their share is the p-value."""
MOST = 500
"""Rows of each sample."""

Array = np.ndarray[Any, Any]


class Verdict(NamedTuple):
    """p: of the same distribution. told_apart: share of rows (mean of both samples) that the kernel's witness function,
    without the row itself, puts into the right sample; 0.5 = chance."""

    p: float
    told_apart: float


def compare(a: Array, b: Array, seed: int = 0) -> Verdict:
    """
    Args:
        a, b: float [n, D] and [m, D], two rows each at least; up to MOST evenly spaced rows of each are used.
        seed: of the permutations.
    """
    first, second = (_few(np.asarray(x, np.float64)) for x in (a, b))
    kernel = _kernel(np.concatenate([first, second]))
    n, m = len(first), len(second)
    labels = np.concatenate([np.ones(n), np.zeros(m)])
    random = np.random.default_rng(seed)
    shuffled = np.stack([random.permutation(labels) for _ in range(PERMUTATIONS)], 1)
    null = _discrepancy(kernel, shuffled)
    seen = float(_discrepancy(kernel, labels[:, None])[0])
    return Verdict(_tail(seen, null), _told_apart(kernel, n, m))


def _few(rows: Array) -> Array:
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64)]


def _kernel(rows: Array) -> Array:
    """Gaussian, of the median distance; its diagonal is 0, as the unbiased estimate leaves a row's own pairs out."""
    squares = (rows**2).sum(1)
    distance = np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0)
    middle = float(np.median(distance[np.triu_indices(len(rows), 1)]))
    kernel = np.exp(-distance / max(middle, 1e-12))
    np.fill_diagonal(kernel, 0)
    return np.asarray(kernel)


def _discrepancy(kernel: Array, labels: Array) -> Array:
    """Unbiased squared discrepancy for each column of labels [n + m, P]."""
    n = labels[:, 0].sum()
    m = len(labels) - n
    sums = kernel @ labels
    within = (labels * sums).sum(0)
    across = sums.sum(0) - within
    rest = kernel.sum() - within - 2 * across
    return np.asarray(within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m))


def _tail(seen: float, null: Array) -> float:
    reached = int((null >= seen).sum())
    if reached >= ENOUGH or not null.std() > 0:
        return (reached + 1) / (len(null) + 1)
    from scipy.stats import pearson3

    z = (null - null.mean()) / null.std()
    skew = max(float((z**3).mean()), 0.0)
    return max(float(pearson3.sf((seen - null.mean()) / null.std(), skew)), 1e-300)


def _told_apart(kernel: Array, n: int, m: int) -> float:
    near_a, near_b = kernel[:, :n].sum(1), kernel[:, n:].sum(1)
    own_a = near_a[:n] / (n - 1) > near_b[:n] / m
    own_b = near_b[n:] / (m - 1) > near_a[n:] / n
    return float((own_a.mean() + own_b.mean()) / 2)
