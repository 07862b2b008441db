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
    parts = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    told = [np.asarray(predictions[name]) for name in names]
    squares = [_squares(*_errors(layout, told, target, part)) for part in parts]
    if not parts or not np.isfinite(np.concatenate(squares)).any() or len(names) == 1:
        return dict.fromkeys(names, 1 / len(names))
    shares = _shares(np.concatenate(squares))
    gram = np.zeros((len(names), len(names)))
    count = 0.0
    for start, part in zip(range(0, len(rows), CHUNK), parts, strict=True):
        share = shares[start : start + CHUNK, None]
        error, known = _errors(layout, told, target, part)
        flat = (error * np.sqrt(share)).reshape(len(names), -1)
        gram += flat @ flat.T
        count += float((known * share).sum())
    return dict(zip(names, _least(gram / count).tolist(), strict=True))


def _errors(layout: Layout, told: list[Array], target: Array, part: Array) -> tuple[Array, Array]:
    """Errors [M, n, E] of the sources' point forecasts in standard deviations, 0 where a step is missing; which are
    known, bool [n, E]."""
    wanted = layout.wanted(np.asarray(target)[part])
    known = np.isfinite(wanted)
    sd = np.asarray(layout.sd)
    errors = [(layout.said(source[part])[..., 0] - np.where(known, wanted, 0)) / sd for source in told]
    flat = np.stack([np.where(known, error, 0).reshape(len(part), -1) for error in errors])
    return flat, known.reshape(len(part), -1)


def _squares(error: Array, known: Array) -> Array:
    """Mean square [n] of each window over steps and sources; NaN where no step is known."""
    steps = known.sum(1)
    mean = np.divide((error**2).sum(2).mean(0), steps, out=np.full(len(steps), np.nan), where=steps > 0)
    return np.asarray(mean)


def _shares(squares: Array) -> Array:
    """How much of each window counts, in (0, 1]: an outage that no source foresaw must not choose the weights alone."""
    usual = LARGEST * float(np.nanmedian(squares))
    square = np.nan_to_num(squares)
    return np.asarray(np.divide(usual, square, out=np.ones(len(square)), where=(square > usual) & (usual > 0)))


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
