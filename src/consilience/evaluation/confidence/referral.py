"""Predicting only where the model is sure: risk against coverage, and thresholds that keep a promised error rate.

Risk–coverage curve and its area (El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017, "Selective classification for deep
neural networks"). Thresholds by learn-then-test (Angelopoulos, Bates, Candès, Jordan & Lei 2021).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.artifacts.conformal import State, prediction_intervals
from consilience.evaluation.confidence.sample import Sample
from consilience.evaluation.intervals import planned_resamples, resamples_of, summary

Array = np.ndarray[Any, Any]

DOUBT = 0.1
"""Probability with which a promise may turn out wrong: thresholds hold with 90 % confidence."""
START, STEP = 0.25, 0.01
"""Shares of the rows. Simulated on 360 and 2,000 rows, a start at a quarter kept most: earlier ones stop at the first
unlucky error, and several starts at once pay with power.
"""
CURVE = tuple(round(0.05 * k, 2) for k in range(1, 21))
WIDTH_LEVEL = 0.9


def confidence(kind: str, predictions: Array, state: State | None = None) -> Array:
    """float64 [n]: how sure each row is.

    Classes: probability of the likeliest; labels: mean probability of what is said of each; values: minus the width of
    the conformal interval of `state`.
    """
    said = np.asarray(predictions, dtype=np.float64)
    if kind == "regression":
        assert state is not None, "values need a conformal state"
        ends = prediction_intervals(state, said, WIDTH_LEVEL)
        width = ends[:, 1] - ends[:, 0]
        unit = np.abs(width).max(initial=0.0) or 1.0
        return np.asarray(-width if not np.isfinite(unit) else -np.round(width / unit, 9) * unit)
    if kind == "multilabel":
        return np.asarray(np.maximum(said, 1 - said).mean(1))
    return np.asarray(said.max(1))


def losses(kind: str, predictions: Array, target: Array) -> Array:
    """float64 [n]: 1 where the class is wrong; share of wrong labels; absolute error of values."""
    if kind == "regression":
        return np.asarray(np.abs(predictions[:, 0] - target[:, 0]))
    if kind == "multilabel":
        return np.asarray(((predictions >= 0.5) != (target >= 0.5)).mean(1))
    return np.asarray(predictions.argmax(1) != target.argmax(1), dtype=np.float64)


def threshold_for(sure: Array, loss: Array, wanted: float, doubt: float = DOUBT) -> float | None:
    """The lowest confidence from which on the error rate stays at most `wanted`, with probability 1 − doubt.

    From a first share of the surest rows on, the share kept is raised step by step as long as the hypothesis "the error
    rate is above `wanted`" is rejected at `doubt` (fixed-sequence testing). The first share is START, or what a test
    needs that may see one error. Losses of 0 and 1 are tested by the binomial distribution, those between by Bentkus's
    inequality.

    Args:
        sure, loss: [V] of rows that the model did not learn from; losses 0..1.

    Returns:
        None where no threshold can promise it.
    """
    order = np.argsort(-sure, kind="stable")
    ranked, passed = sure[order], np.cumsum(loss[order])
    binary = bool(np.isin(loss, (0.0, 1.0)).all())
    rows = len(ranked)
    first = next((n for n in range(1, rows + 1) if _p_value(1.0, n, wanted, binary) <= doubt), rows)
    kept = 0
    for share in np.append(np.arange(max(START, first / max(rows, 1)), 1, STEP), 1.0):
        count = _whole_ties(ranked, round(share * rows))
        if count == 0 or _p_value(float(passed[count - 1]), count, wanted, binary) > doubt:
            break
        kept = max(kept, count)
    return float(ranked[kept - 1]) if kept else None


def _whole_ties(ranked: Array, count: int) -> int:
    """The number of rows down to the last one as sure as row `count`."""
    return int(np.searchsorted(-ranked, -ranked[count - 1], side="right")) if count else 0


def _p_value(errors: float, count: int, wanted: float, binary: bool) -> float:
    """Largest probability of so few errors among `count` rows if the error rate is above `wanted`."""
    from scipy import special

    if errors / count > wanted:
        return 1.0
    found = float(special.bdtr(np.ceil(errors - 1e-9), count, wanted))
    return found if binary else min(np.e * found, 1.0)


def risk_curve(sample: Sample, sure: Array, loss: Array) -> list[dict[str, Any]]:
    """[{"kept": share, "error": score}] for the surest 5 %, 10 % … 100 % of the sample's rows."""
    order = np.argsort(-sure, kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    kept = rank[:, None] <= np.maximum(np.round(np.array(CURVE) * len(order)), 1)
    if set(np.unique(loss)) <= {0.0, 1.0}:
        scores = sample.rates(np.broadcast_to(loss[:, None] > 0, kept.shape), kept)
    else:
        scores = sample.ratios(kept * loss[:, None], kept)
    return [{"kept": share, "error": score} for share, score in zip(CURVE, scores, strict=True)]


def risk_area(sample: Sample, sure: Array, loss: Array) -> dict[str, float]:
    """Mean error over every share of rows kept (AURC) with its bootstrap interval; lower is better."""
    order = np.argsort(-sure, kind="stable")
    weight, ranked = sample.weight[order], loss[order]

    def area(mass: Array) -> float:
        passed = np.cumsum(mass)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.cumsum(mass * ranked) / passed
        return float(np.sum(mass[passed > 0] * risk[passed > 0]) / passed[-1])

    count = planned_resamples(len(order), 2)
    draws = resamples_of(np.arange(len(order)), sample.clusters, sample.seed, count)
    return summary(area(weight), np.array([area(weight * counts[order]) for counts in draws]))
