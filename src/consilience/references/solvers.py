"""L2-regularised linear models on a sparse or dense matrix, soft and weighted targets included.

Two solvers for the same kind of model: dual coordinate descent (liblinear; Hsieh et al. 2008), by far the
faster one on long sparse rows with hard labels, and L-BFGS for everything else.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse

Array = np.ndarray[Any, Any]

ITERATIONS = 100
WIDE = 5_000
"""Columns of a sparse matrix from which coordinate descent is the faster."""


class Problem(NamedTuple):
    """What to fit. features: [N, D] float32, dense or CSR. target: [N, K] float64, class shares, labels or
    values.

    weight: [N] float64. link: "softmax" (classes), "sigmoid" (labels) or "identity" (values).
    """

    features: Any
    target: Array
    weight: Array
    link: str

    def take(self, index: Array) -> Problem:
        return Problem(self.features[index], self.target[index], self.weight[index], self.link)


class Solution(NamedTuple):
    """coefficients: float32 [D, K]; intercepts: float32 [K].

    form: how scores become predictions: "softmax", "sigmoid", "identity", "two_classes" (K = 1: class 1
    against 0) or "one_vs_rest" (sigmoids scaled to sum 1).
    """

    coefficients: Array
    intercepts: Array
    form: str


def solve(problem: Problem, strength: float, start: Solution | None = None) -> Solution:
    """Minimise Σ weight × loss + |coefficients|² / (2 × strength).

    Args:
        start: an earlier solution of the same shape to begin from.
    """
    wide = problem.features.shape[1] > WIDE and sparse.issparse(problem.features)
    if wide and problem.link != "identity" and _hard(problem.target):
        return _coordinate_descent(problem, strength)
    return _quasi_newton(problem, strength, start)


def apply(features: Any, solution: Solution) -> Array:
    """Probabilities or values float64 [N, K]; "two_classes" gives two columns."""
    scores = np.asarray(features @ solution.coefficients, dtype=np.float64) + solution.intercepts
    if solution.form == "identity":
        return scores
    if solution.form == "softmax":
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True))
    positive = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
    if solution.form == "two_classes":
        return np.hstack([1 - positive, positive])
    if solution.form == "one_vs_rest":
        return np.asarray(positive / np.maximum(positive.sum(1, keepdims=True), 1e-12))
    return np.asarray(positive)


def loss(prediction: Array, target: Array, weight: Array, link: str) -> float:
    """Mean log loss or squared error: what picks the strength."""
    if link == "identity":
        rows = ((prediction - target) ** 2).mean(1)
    else:
        p = np.clip(prediction, 1e-6, 1 - 1e-6)
        rows = -(target * np.log(p)).sum(1)
        if link == "sigmoid":
            rows = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean(1)
    return float((rows * weight).sum() / max(float(weight.sum()), 1e-12))


def _hard(target: Array) -> bool:
    return bool(((target == 0) | (target == 1)).all())


def _coordinate_descent(problem: Problem, strength: float) -> Solution:
    """One binary problem a class (one in all for two classes); seeded, so the same bits every time."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    target = problem.target[:, 1:] if _two_classes(problem) else problem.target
    coefficients = np.zeros((problem.features.shape[1], target.shape[1]), dtype=np.float32)
    intercepts = np.zeros(target.shape[1], dtype=np.float32)
    features = problem.features.astype(np.float64)
    for k in range(target.shape[1]):
        positive = target[:, k] > 0.5
        if positive.all() or not positive.any():  # nothing to tell apart: a constant
            intercepts[k] = 8.0 if positive.all() else -8.0
            continue
        model = LogisticRegression(C=strength, solver="liblinear", dual=True, tol=0.1, random_state=0)
        with warnings.catch_warnings():  # a few more digits change no prediction
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, positive, sample_weight=problem.weight)
        coefficients[:, k], intercepts[k] = model.coef_[0], model.intercept_[0]
    form = "two_classes" if _two_classes(problem) else "one_vs_rest"
    return Solution(coefficients, intercepts, "sigmoid" if problem.link == "sigmoid" else form)


def _two_classes(problem: Problem) -> bool:
    return problem.link == "softmax" and problem.target.shape[1] == 2


def _quasi_newton(problem: Problem, strength: float, start: Solution | None) -> Solution:
    """L-BFGS (Liu & Nocedal 1989) on the mean loss; products in float32, sums in float64."""
    from scipy import optimize

    minimize: Any = optimize.minimize

    two = _two_classes(problem)
    target = problem.target[:, 1:] if two else problem.target
    link = "sigmoid" if two else problem.link
    features: Any = problem.features
    turned: Any = sparse.csr_matrix(features.T) if sparse.issparse(problem.features) else features.T
    total = max(float(problem.weight.sum()), 1e-12)
    share = (problem.weight / total)[:, None]
    width, outputs = features.shape[1], target.shape[1]
    ridge = 1 / (strength * total)

    def objective(flat: Array) -> tuple[float, Array]:
        weights, bias = flat[:-outputs].reshape(width, outputs), flat[-outputs:]
        scores = np.asarray(features @ weights.astype(np.float32), dtype=np.float64) + bias
        value, slope = _loss_and_slope(scores, target, link)
        slope *= share
        gradient = np.asarray(turned @ slope.astype(np.float32), dtype=np.float64) + ridge * weights
        penalty = 0.5 * ridge * float((weights**2).sum())
        return float((value * share[:, 0]).sum()) + penalty, np.append(gradient.ravel(), slope.sum(0))

    first = np.zeros((width + 1) * outputs)
    if start is not None:
        first = np.append(start.coefficients.ravel(), start.intercepts).astype(np.float64)
    options = {"maxiter": ITERATIONS, "ftol": 1e-6, "gtol": 1e-6, "maxcor": 8}
    flat = minimize(objective, first, jac=True, method="L-BFGS-B", options=options).x
    coefficients = flat[:-outputs].reshape(width, outputs).astype(np.float32)
    return Solution(coefficients, flat[-outputs:].astype(np.float32), "two_classes" if two else link)


def _loss_and_slope(scores: Array, target: Array, link: str) -> tuple[Array, Array]:
    """Loss [N] and its derivative [N, K] by the scores."""
    if link == "identity":
        return 0.5 * ((scores - target) ** 2).sum(1), scores - target
    if link == "sigmoid":
        return (np.logaddexp(0, scores) - target * scores).sum(1), 1 / (1 + np.exp(-scores)) - target
    top = scores.max(1, keepdims=True)
    log_sum = np.log(np.exp(scores - top).sum(1, keepdims=True)) + top
    mass = target.sum(1, keepdims=True)
    return ((log_sum * mass)[:, 0] - (target * scores).sum(1)), np.exp(scores - log_sum) * mass - target
