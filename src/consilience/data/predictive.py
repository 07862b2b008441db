"""How well one column alone tells the target, out of sample: cross-fitted target encoding of its bins.

Target encoding with the row's own fold left out: Micci-Barreca 2001, "A preprocessing scheme for
high-cardinality categorical attributes"; cross-fitting as in Chernozhukov et al. 2018, "Double/debiased
machine learning". NumPy only; one pass a column.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.cells import as_number, as_text

FOLDS = 5
BINS = 64
PRIOR = 1.0
"""Rows' worth of the overall mean that each bin starts with."""

Array = np.ndarray[Any, Any]


def codes_of(column: pl.Series, number: bool) -> Array:
    """[N] int64 bins: 0 = missing; a number's quantile or, where it has few values, its value; a
    category's value."""
    values = as_number(column) if number else as_text(column)
    missing = values.is_null().to_numpy()
    known = values.drop_nulls()
    codes = np.zeros(len(values), np.int64)
    if not len(known):
        return codes
    if number and known.n_unique() > BINS * 4:
        count = int(np.clip(len(known) // 10, 2, BINS))
        edges = np.unique(np.quantile(known.to_numpy(), np.arange(1, count) / count))
        codes[~missing] = 1 + np.searchsorted(edges, known.to_numpy(), side="right")
    else:
        codes[~missing] = known.rank("dense").to_numpy().astype(np.int64)
    return codes


def held_out_means(codes: Array, target: Array, fold: Array) -> Array:
    """[N, K]: the mean target of a row's bin over the other folds; codes [N] int, target [N, K], fold [N]
    int."""
    bins, folds = int(codes.max(initial=0)) + 1, int(fold.max(initial=0)) + 1
    cell = codes * folds + fold
    rows = np.bincount(cell, minlength=bins * folds).reshape(bins, folds).astype(np.float64)
    predicted = np.empty(target.shape, np.float64)
    for k in range(target.shape[1]):
        sums = np.bincount(cell, weights=target[:, k], minlength=bins * folds).reshape(bins, folds)
        prior = (target[:, k].sum() - sums.sum(0)) / np.maximum(len(codes) - rows.sum(0), 1)  # [folds]
        others = sums.sum(1, keepdims=True) - sums
        count = rows.sum(1, keepdims=True) - rows
        predicted[:, k] = ((others + PRIOR * prior) / (count + PRIOR))[codes, fold]
    return predicted


def make_folds(size: int, seed: int) -> Array:
    """[size] int64 in 0..FOLDS−1, shuffled."""
    return np.random.default_rng(seed).permutation(np.arange(size) % FOLDS)


def area_under_roc(positive: Array, value: Array) -> float:
    """ROC AUC with ties counted half; positive [N] bool, value [N]."""
    ranks = pl.Series(value).rank("average").to_numpy()
    count = int(positive.sum())
    rest = len(positive) - count
    if not count or not rest:
        return 0.5
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * rest))


def area_error(area: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982, Radiology 143:29-36)."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (positives - 1) * (first - area**2) + (negatives - 1) * (second - area**2)
    return float(np.sqrt(max(variance, 0) / max(positives * negatives, 1)))
