"""Bootstrap percentile intervals of every metric (Efron & Tibshirani 1993), and of a paired difference.

A resample is a vector of row counts: metrics are measured under these weights, nothing is sorted or copied
again. With clusters (patients, speakers) whole clusters are drawn, since rows of one cluster are not
independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from consilience.tasks.metrics import Judge

Array = np.ndarray[Any, Any]

RESAMPLES = 1_000
FEWEST = 100
WORK = 400_000_000
"""Most rows × columns × resamples: beyond it fewer resamples are drawn; the intervals of so many rows are
narrow.
"""
LOW, HIGH = 2.5, 97.5
"""Percentiles of the resamples: a 95 % interval."""


def planned_resamples(rows: int, columns: int, asked: int = RESAMPLES) -> int:
    """Resamples that will be drawn for so many rows and target columns: `asked`, or fewer for very large
    tables.
    """
    return int(min(asked, max(FEWEST, WORK // max(rows * columns, 1))))


def with_intervals(
    kind: str,
    target: Array,
    weight: Array,
    predictions: Array,
    seed: int,
    resamples: int = RESAMPLES,
    clusters: Array | None = None,
) -> dict[str, dict[str, float]]:
    """Every metric of the kind with its 95 % interval.

    Args:
        target: [N, K]. weight: [N], 0 = left out. predictions: [N, K].
        resamples: see `planned_resamples` for what becomes of it on very large tables.
        clusters: [N] any values; rows of one value are drawn together.

    Returns:
        {metric: {"value", "low", "high"}}; NaN where undefined. A resample in which a
        metric is undefined is left out of its interval.
    """
    judge = Judge(kind, target, weight, predictions)
    planned = planned_resamples(len(judge.rows), judge.columns, resamples)
    draws = [judge.at(counts) for counts in resamples_of(judge.rows, clusters, seed, planned)]
    return {name: summary(value, np.array([draw[name] for draw in draws])) for name, value in judge.at().items()}


def difference(
    kind: str,
    metric: str,
    target: Array,
    weight: Array,
    a: Array,
    b: Array,
    seed: int,
    *,
    clusters: Array | None = None,
) -> dict[str, float]:
    """Paired bootstrap of `metric`: a − b, or b − a where lower is better: positive means a is better.

    Returns:
        {"value", "low", "high"}: both predictions are judged on the same resamples.
    """
    from consilience.tasks.metrics import HIGHER_IS_BETTER

    sign = 1.0 if HIGHER_IS_BETTER[metric] else -1.0
    first, second = (Judge(kind, target, weight, p, only=metric) for p in (a, b))
    planned = planned_resamples(len(first.rows), first.columns)
    draws = np.array(
        [
            sign * (first.at(counts)[metric] - second.at(counts)[metric])
            for counts in resamples_of(first.rows, clusters, seed, planned)
        ]
    )
    return summary(sign * (first.at()[metric] - second.at()[metric]), draws)


def resamples_of(rows: Array, clusters: Array | None, seed: int, resamples: int) -> Iterator[Array]:
    """For each resample how often each row was drawn, float64 [len(rows)]."""
    generator = np.random.default_rng(seed)
    if len(rows) == 0:
        return
    member = None
    units = len(rows)
    if clusters is not None:
        _, member = np.unique(np.asarray(clusters)[rows], return_inverse=True)
        units = int(member.max()) + 1
        if units == 1:  # one patient or speaker only: drawing it again and again would claim an exact figure
            member, units = None, len(rows)
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, units, units, dtype=np.int32), minlength=units)
        counts = drawn.astype(np.float64)
        yield counts if member is None else counts[member]


def summary(value: float, draws: Array) -> dict[str, float]:
    """{"value", "low", "high"}: the percentile interval of the draws that are defined, wide enough to hold the value.

    On a few rows a metric that takes a maximum (the average precision of boxes) is larger on nearly every resample than
    on the rows themselves; an interval that leaves its own value out would be read as a mistake.
    """
    known = draws[np.isfinite(draws)]
    low, high = np.percentile(known, [LOW, HIGH]) if len(known) else (np.nan, np.nan)
    if np.isfinite(value):
        low, high = min(low, value), max(high, value)
    return {"value": float(value), "low": float(low), "high": float(high)}
