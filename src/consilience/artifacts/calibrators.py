"""Three ways to turn predicted probabilities into honest ones, each fitted on rows that the model did not learn from.

Temperature scaling of the log-probabilities (Guo et al. 2017, "On calibration of modern neural networks"); the same
with a bias for each class or label (Platt 1999; Alexandari et al. 2020, "Maximum likelihood with bias-corrected
calibration"); and isotonic regression by pooling adjacent violators (Zadrozny & Elkan 2002, "Transforming classifier
scores into accurate multiclass probability estimates"), one class against the rest.

The given log-odds are added with the share `KEPT`, so two classes or a label are never reordered and never tied:
ROC AUC stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Fit = Callable[[bool, Array, Array, Array], dict[str, Any]]
"""(separate, scores [V, K], target [V, K], weight [V]) → parameters."""

KEPT = 1e-4
"""Share of the given log-odds that is added to the calibrated ones."""
SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""
TINIEST, EPSILON = 1e-300, 2.0**-53
"""The same where only the order counts: near 0, and near 1."""
SLOPES = (0.05, 20.0)
"""Range of 1 / temperature."""
PULL = 1.0
"""Strength of the pull towards no change, in rows' worth of log loss."""


def is_separate(kind: str) -> bool:
    """True where every column [N] is a probability of its own: labels, or class 1 of two."""
    return kind in ("binary", "multilabel")


def scores(separate: bool, probabilities: Array, least: float = SMALLEST) -> Array:
    """Log-odds where columns are separate, else log-probabilities, kept `least` from 0 and 1: float64 [N, K]."""
    # a third of the time of `np.clip` on a single row
    kept = np.minimum(np.maximum(np.asarray(probabilities, np.float64), least), 1 - max(least, EPSILON))
    return np.asarray(np.log(kept) - np.log1p(-kept) if separate else np.log(kept))


def shares(separate: bool, score: Array) -> Array:
    """The inverse of `scores`: logistic function of every column, or softmax over columns."""
    if separate:
        from scipy import special

        return np.asarray(special.expit(score))
    grown = np.exp(score - score.max(1, keepdims=True))  # a tenth of the time of SciPy's on a single row
    return np.asarray(grown / grown.sum(1, keepdims=True))


def row_loss(separate: bool, probabilities: Array, target: Array) -> Array:
    """Log loss of each row [N]; separate columns are averaged."""
    kept = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    if separate:
        return np.asarray(-(target * np.log(kept) + (1 - target) * np.log1p(-kept)).mean(1))
    return np.asarray(-(target * np.log(kept)).sum(1))


def fit_temperature(separate: bool, score: Array, target: Array, weight: Array) -> dict[str, Any]:
    """One slope (1 / temperature) for every column."""
    slope, _ = _scale(separate, (score, target, weight), (1, 0))
    return {"slope": slope.tolist()}


def fit_biased(separate: bool, score: Array, target: Array, weight: Array) -> dict[str, Any]:
    """A slope (separate columns: one each) and a bias for every column."""
    columns = score.shape[1]
    slope, bias = _scale(separate, (score, target, weight), (columns if separate else 1, columns))
    return {"slope": slope.tolist(), "bias": bias.tolist()}


def _scale(separate: bool, rows: tuple[Array, Array, Array], sizes: tuple[int, int]) -> tuple[Array, Array]:
    """Slopes [sizes[0]] and biases [sizes[1]] of least log loss; the objective is convex."""
    from scipy import optimize

    score, target, weight = rows
    slopes, biases = sizes
    total = weight.sum()

    def objective(values: Array) -> tuple[float, Array]:
        slope, bias = values[:slopes], values[slopes:]
        z = score * slope + (bias if biases else 0.0)
        if separate:
            loss = weight @ (np.logaddexp(0, z) - target * z)
            up = weight[:, None] * (shares(True, z) - target)
        else:
            top = z.max(1, keepdims=True)
            grown = np.exp(z - top)
            below = grown.sum(1, keepdims=True)
            sums = target.sum(1, keepdims=True)
            loss = weight @ (sums * (top + np.log(below)) - (target * z).sum(1, keepdims=True))
            up = weight[:, None] * (sums * grown / below - target)
        by_slope = (up * score).sum(0)
        gradient = np.concatenate([by_slope if slopes > 1 else by_slope.sum(keepdims=True), up.sum(0)[:biases]])
        away = values - start
        value = float(np.sum(loss)) + 0.5 * PULL * float(away @ away)
        return value / total, (gradient + PULL * away) / total

    start = np.concatenate([np.ones(slopes), np.zeros(biases)])
    bounds = [SLOPES] * slopes + [(-20.0, 20.0)] * biases
    minimize: Any = optimize.minimize
    done = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    found = np.asarray(done.x, dtype=np.float64)
    return found[:slopes], found[slopes:]


def fit_isotonic(separate: bool, score: Array, target: Array, weight: Array) -> dict[str, Any]:
    """Knots of a rising line for every column, from score to probability; the score of a knot is its block's mean."""
    given = shares(True, score) if separate else np.exp(score)
    return {
        "knots": [_rising(score[:, k], np.stack([given[:, k], target[:, k]]), weight) for k in range(score.shape[1])]
    }


def _rising(score: Array, values: Array, weight: Array) -> list[list[float]]:
    """[scores, probabilities] of the blocks. Each block counts one more row that came out as was predicted, so that
    no block of few rows says 0 or 1.
    """
    from scipy import optimize

    given, target = values
    ends, place = np.unique(score, return_inverse=True)
    mass = np.bincount(place, weights=weight, minlength=len(ends))
    mean = np.bincount(place, weights=weight * target, minlength=len(ends)) / mass
    found = optimize.isotonic_regression(mean, weights=mass)
    block = np.repeat(np.arange(len(found.blocks) - 1), np.diff(found.blocks))[place]
    rows = np.bincount(block, weights=weight)
    sums = [np.bincount(block, weights=weight * v) for v in (score, given, target)]
    level = (sums[2] + sums[1] / rows) / (rows + 1)
    level = optimize.isotonic_regression(level, weights=rows + 1).x
    return [(sums[0] / rows).tolist(), level.tolist()]


def apply(separate: bool, state: dict[str, Any], probabilities: Array) -> Array:
    """Calibrated probabilities float64 [N, K] of columns in the form that the state was fitted on."""
    given = np.asarray(probabilities, dtype=np.float64)
    score = scores(separate, given)
    if "knots" in state:
        found = np.stack([np.interp(score[:, k], *knots) for k, knots in enumerate(state["knots"])], axis=1)
        found = found if separate else found / found.sum(1, keepdims=True)
    else:
        found = shares(separate, score * np.asarray(state["slope"]) + np.asarray(state.get("bias", 0.0)))
    return shares(separate, scores(separate, found) + KEPT * scores(separate, given, TINIEST))
