"""Weights of forecasts: each step of each target counts in standard deviations, missing steps count nothing.

The mixture's error is the mixture of the errors, as weights sum to one, so the least squares problem is as large as the
number of sources, whatever the number of steps. Windows overlap: their errors say less than their number, and a pull to
the best sources stands against chance. A window of huge errors counts as much as a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from consilience.artifacts.stack import least_on_simplex
from consilience.data.forecast_layout import Layout

Array = np.ndarray[Any, Any]

PULL = 0.05
"""Strength of the pull to equal weights of the sources about as good as the best, as a share of its mean square."""
AS_GOOD = 1.05
"""A source is about as good as the best up to this ratio of their mean squares."""
LEAST = 0.02
LARGEST = 20.0
"""Times the median window's mean square that a window counts at most."""
CHUNK = 512


def fit_forecast_weights(
    layout: Layout, predictions: Mapping[str, Array], target: Array, weight: Array
) -> dict[str, float]:
    """Weights ≥ 0 with sum 1 that minimise the mean squared error of the point forecasts on validation windows.

    Args:
        predictions: source → [V, H × K' × (1 + Q)]. target: [V, H × K' + K']. weight: [V].
    """
    names = list(predictions)
    rows = np.flatnonzero(np.asarray(weight) > 0)
    if not len(rows) or len(names) == 1:
        return dict.fromkeys(names, 1 / len(names))
    told = [np.asarray(predictions[name]) for name in names]
    found = [_products(layout, told, target, rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    products, steps = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not steps.any():
        return dict.fromkeys(names, 1 / len(names))
    shares = _shares(products, steps)
    gram = np.tensordot(shares, products, 1) / float(shares @ steps)
    return dict(zip(names, _least(gram).tolist(), strict=True))


def _products(layout: Layout, told: list[Array], target: Array, part: Array) -> tuple[Array, Array]:
    """Of each window: sums of products of the sources' errors [n, M, M], in standard deviations; known steps [n]."""
    wanted = layout.wanted(np.asarray(target)[part])
    known = np.isfinite(wanted)
    sd = np.asarray(layout.sd)
    errors = [(layout.said(source[part])[..., 0] - np.where(known, wanted, 0)) / sd for source in told]
    flat = np.stack([np.where(known, error, 0).reshape(len(part), -1) for error in errors], 1)
    return flat @ flat.transpose(0, 2, 1), known.reshape(len(part), -1).sum(1)


def _shares(products: Array, steps: Array) -> Array:
    """How much of each window counts [n], in (0, 1]: an outage that no source foresaw must not choose the weights
    alone."""
    squares = np.trace(products, axis1=1, axis2=2) / np.maximum(steps, 1) / products.shape[1]
    usual = LARGEST * float(np.median(squares[steps > 0]))
    return np.asarray(np.divide(usual, squares, out=np.ones(len(squares)), where=(squares > usual) & (usual > 0)))


def _least(gram: Array) -> Array:
    """[M] weights of the smallest mean square, with the pull."""

    own = np.diag(gram)
    unit = max(float(own.min()), 1e-12)
    prior = (own <= AS_GOOD * unit).astype(np.float64)
    prior = prior / prior.sum()

    def objective(weights: Array) -> tuple[float, Array]:
        away = weights - prior
        value = float(weights @ gram @ weights) / unit + PULL * float(away @ away)
        return value, 2 * (gram @ weights) / unit + 2 * PULL * away

    found = least_on_simplex(objective, prior)
    found = np.where(found < LEAST, 0.0, found)
    return np.asarray(found / found.sum())
