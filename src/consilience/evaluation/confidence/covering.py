"""How often conformal sets and intervals hold the truth, and how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from consilience.artifacts.conformal import State, prediction_intervals, prediction_sets, quantiles
from consilience.evaluation.confidence.sample import Sample

Array = np.ndarray[Any, Any]
States = Sequence[tuple[State, Array]]


def certain(sample: Sample, states: States, predictions: Array, level: float) -> Array:
    """What is said to hold the truth: sets bool [n, K], ties split by the sample's draws, or intervals float64 [n, 2].

    Args:
        states: (state, positions in the sample) pairs that cover all of its rows: one a pattern of sources.
        predictions: [n, K] of the sample's rows.
    """
    values = sample.kind == "regression"
    draws = sample.draws()
    found = np.zeros((len(predictions), 2), np.float64) if values else np.zeros(np.shape(predictions), bool)
    for state, rows in states:
        if values:
            found[rows] = prediction_intervals(state, predictions[rows], level)
        else:
            found[rows] = prediction_sets(state, predictions[rows], level, draws[rows])
    return found


def covering(sample: Sample, state: State, predictions: Array, level: float) -> dict[str, Any]:
    """`covered` where one state holds for all rows."""
    return covered(sample, certain(sample, [(state, np.arange(len(predictions)))], predictions, level))


def covered(sample: Sample, found: Array) -> dict[str, Any]:
    """{"coverage", "size"} scores; sets also {"empty", "single"}, intervals {"unbounded"}.

    Coverage: share of rows whose set or interval holds the truth; of labels, share of the labels that are there.
    Size: mean number of classes or labels in the set, or mean width.

    Args:
        found: sets bool [n, K] or intervals [n, 2] of the sample's rows.
    """
    if sample.kind == "regression":
        truth, width = sample.target[:, 0], found[:, 1] - found[:, 0]
        inside = (found[:, 0] <= truth) & (truth <= found[:, 1])
        endless = {"value": float("inf"), "low": float("nan"), "high": float("nan")}
        return {
            "coverage": sample.rate(inside),
            "size": sample.mean(width) if np.isfinite(width).all() else endless,
            "unbounded": float(np.isinf(width).mean()),
        }
    size = found.sum(1)
    if sample.kind == "multilabel":
        there = sample.target >= 0.5
        coverage = sample.ratios((found & there).sum(1)[:, None], there.sum(1)[:, None])[0]
    else:
        coverage = sample.rate(found[np.arange(len(found)), sample.actual])
    return {
        "coverage": coverage,
        "size": sample.mean(size),
        "empty": sample.rate(size == 0),
        "single": sample.rate(size == 1),
    }


def by_class(sample: Sample, sets: Array) -> list[dict[str, Any]]:
    """[{"place": number of the class or label, "rows", "coverage"}] of those that occur among the rows."""
    columns = range(sets.shape[1])
    there = sample.target >= 0.5 if sample.kind == "multilabel" else sample.actual[:, None] == np.array(columns)
    rates, rows = sample.rates(sets, there), there.sum(0).tolist()
    return [{"place": k, "rows": rows[k], "coverage": rates[k]} for k in columns if rows[k]]


def below(sample: Sample, state: State, predictions: Array, levels: tuple[float, ...]) -> list[dict[str, Any]]:
    """[{"level", "below": share of true values at most the predicted quantile}]."""
    found = quantiles(state, predictions, levels)
    return [
        {"level": level, "below": sample.rate(sample.target[:, 0] <= found[:, q])} for q, level in enumerate(levels)
    ]
