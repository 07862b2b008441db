"""The default prediction: network and references combined with non-negative weights found on validation rows.

Stacking with non-negative weights (Breiman 1996, "Stacked regressions"); the weights also sum to one, so that
the combination of probabilities is a probability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PULL_ROWS = 20.0
"""Strength of the pull towards the prior weights, in rows' worth of log loss: few rows tell little.

Simulated with 20 to 1,000 rows and sources equal, unequal and useless: 20 lost least over all of them."""
LEAST = 0.02
"""A smaller weight is noise: it becomes zero."""
SMALLEST = 1e-6
"""Probabilities are kept this far from 0 and 1 in the log loss."""


def combine(predictions: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Σ weight × prediction, float64 [N, K].

    Raises:
        KeyError: when a source with a weight is not among the predictions.
    """
    return np.asarray(sum(share * np.asarray(predictions[n], np.float64) for n, share in weights.items()))


def fit_weights(kind: str, predictions: Mapping[str, Array], target: Array, weight: Array) -> dict[str, float]:
    """Weights ≥ 0 with sum 1 that minimise log loss (regression: squared error) on validation rows.

    A weak pull keeps them near prior weights, which are equal for the sources that these rows cannot tell
    from the best one and fall off with the number of standard errors that a source is behind it.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression".
        predictions: source → [N, K] as `Task.predictions`.
        target: [N, K].
        weight: [N], rows of weight 0 count nothing; without any labelled row the weights are equal.
    """
    names = list(predictions)
    rows = np.asarray(weight) > 0
    sources = np.stack([np.asarray(predictions[name], np.float64)[rows] for name in names])
    wanted, share = np.asarray(target, np.float64)[rows], np.asarray(weight, np.float64)[rows]
    found = np.full(len(names), 1 / len(names))
    if len(names) > 1 and rows.any():
        losses = np.stack([_loss_and_slope(kind, source, wanted)[0] for source in sources])
        prior = _prior(losses, share)
        unit = 1.0 if kind != "regression" else 2 * max(float((losses @ share).min() / share.sum()), 1e-12)
        found = _minimise(kind, (sources, wanted, share / unit), prior)
        found = np.where(found < LEAST, 0.0, found)
    return dict(zip(names, (found / found.sum()).tolist(), strict=True))


def _prior(losses: Array, share: Array) -> Array:
    """[M] weights ∝ exp(−z² / 2), z = standard errors by which a source's mean loss is above the best one's.

    Args:
        losses: [M, N] of each source and row. share: [N] row weights.
    """
    total = share.sum()
    mean = losses @ share / total
    behind = losses - losses[int(np.argmin(mean))]
    gap = behind @ share / total
    error = np.sqrt(((behind - gap[:, None]) ** 2) @ share**2) / total
    z = np.divide(gap, error, out=np.where(gap > 0, np.inf, 0.0), where=error > 0)
    prior = np.exp(-0.5 * np.minimum(z, 20) ** 2)
    return np.asarray(prior / prior.sum())


def _minimise(kind: str, rows: tuple[Array, Array, Array], prior: Array) -> Array:
    """Sequential quadratic programming from the prior; the objective is convex."""
    sources, wanted, share = rows
    total = len(share)  # the loss a row: SLSQP's tolerance is absolute

    def objective(weights: Array) -> tuple[float, Array]:
        loss, slope = _loss_and_slope(kind, np.tensordot(weights, sources, 1), wanted)
        gradient = np.tensordot(sources, share[:, None] * slope, ([1, 2], [0, 1]))
        away = weights - prior
        value = float(loss @ share) + PULL_ROWS * float(away @ away)
        return value / total, (gradient + 2 * PULL_ROWS * away) / total

    return least_on_simplex(objective, prior)


def least_on_simplex(objective: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """Weights 0..1 that sum to 1 where the objective (value, gradient) is least, from `start` on."""
    from scipy import optimize

    count = len(start)
    minimize: Any = optimize.minimize
    done = minimize(
        objective,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(count)},
        options={"maxiter": 200, "ftol": 1e-10},
    )
    return np.clip(np.asarray(done.x, dtype=np.float64), 0, 1)


def _loss_and_slope(kind: str, predicted: Array, wanted: Array) -> tuple[Array, Array]:
    """Loss of each row [N] and its derivative by the prediction [N, K]."""
    if kind == "regression":
        return ((predicted - wanted) ** 2).sum(1), 2 * (predicted - wanted)
    p = np.clip(predicted, SMALLEST, 1 - SMALLEST)
    if kind == "multilabel":
        loss = -(wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).sum(1)
        return loss, (p - wanted) / (p * (1 - p))
    return -(wanted * np.log(p)).sum(1), -wanted / p
