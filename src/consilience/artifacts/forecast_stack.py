"""Weights of forecasts: each step of each target counts in standard deviations, missing steps count nothing.

The mixture's error is the mixture of the errors, as weights sum to one, so the least squares problem is as large as the
number of sources, whatever the number of steps. Windows overlap: their errors say less than their number, and a pull to
the best sources stands against chance.
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
CHUNK = 512


def fit_forecast_weights(
    layout: Layout, predictions: Mapping[str, Array], target: Array, weight: Array
) -> dict[str, float]:
    """Weights ≥ 0 with sum 1 that minimise the mean squared error of the point forecasts on validation windows.

    Args:
        predictions: source → [V, H × K' × (1 + Q)]. target: [V, H × K' + K']. weight: [V].
    """
    names = list(predictions)
    gram = np.zeros((len(names), len(names)))
    count = 0.0
    rows = np.flatnonzero(np.asarray(weight) > 0)
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        wanted = layout.wanted(np.asarray(target)[part])
        known = np.isfinite(wanted)
        sd = np.asarray(layout.sd)
        errors = [
            (layout.said(np.asarray(predictions[n])[part])[..., 0] - np.where(known, wanted, 0)) / sd for n in names
        ]
        flat = np.stack([np.where(known, error, 0).reshape(-1) for error in errors])
        gram += flat @ flat.T
        count += float(known.sum())
    if not count or len(names) == 1:
        return dict.fromkeys(names, 1 / len(names))
    return dict(zip(names, _least(gram / count).tolist(), strict=True))


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
