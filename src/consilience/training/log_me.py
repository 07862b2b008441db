"""How well fixed vectors tell a target, without training anything: the evidence of a Bayesian linear model.

You et al. 2021, "LogME: Practical Assessment of Pre-trained Models for Transfer Learning" (arXiv 2102.11005); the fixed
point on the singular values is that of their 2022 follow-up (arXiv 2110.10545).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

STEPS = 50
TOLERANCE = 1e-4
TINY = 1e-12


def log_me(vectors: Array, targets: Array) -> float:
    """Mean log evidence a row, over the columns of the target; larger is better, comparable on the same rows only.

    Args:
        vectors: [n, D]. targets: [n, K], classes as 0 and 1, or values.
    """
    x = np.asarray(vectors, np.float64)
    left, singular, _ = np.linalg.svd(x, full_matrices=False)
    found = [_evidence(left, singular**2, x.shape[1], y) for y in np.asarray(targets, np.float64).T]
    return float(np.mean(found))


def _evidence(left: Array, sigma: Array, width: int, y: Array) -> float:
    """left [n, k], sigma [k]: left singular vectors and squared singular values of the vectors [n, width]; y [n]."""
    rows = len(y)
    z2 = (left.T @ y) ** 2
    outside = max(float(y @ y - z2.sum()), 0.0)  # what no weighting of the vectors can say
    alpha = beta = 1.0
    for _ in range(STEPS):
        ratio = alpha / beta
        gamma = float((sigma / (sigma + ratio)).sum())
        weights2 = float((sigma * z2 / (sigma + ratio) ** 2).sum())
        residual2 = float((z2 / (1 + sigma / ratio) ** 2).sum()) + outside
        alpha = max(gamma, TINY) / (weights2 + TINY)
        beta = max(rows - gamma, TINY) / (residual2 + TINY)
        if abs(alpha / beta - ratio) <= TOLERANCE * ratio:
            break
    spread = float(np.log(alpha + beta * sigma).sum()) + (width - len(sigma)) * math.log(alpha)
    evidence = width * math.log(alpha) + rows * math.log(beta) - spread
    evidence -= beta * residual2 + alpha * weights2 + rows * math.log(2 * math.pi)
    return evidence / (2 * rows)
