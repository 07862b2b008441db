"""What a model that looks at nothing would say: the floor of every comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.data.forecast_layout import Layout, layout_of

Array = np.ndarray[Any, Any]

MOST_WINDOWS = 2_000
"""Windows that the quantiles of a target are counted in."""


def majority_predictions(kind: str, target: Array, weight: Array, rows: int) -> Array:
    """The training rows' class shares (or weighted mean) for every row, in the form of `Task.predictions`.

    Args:
        kind: "binary", "multiclass", "multilabel", "regression", "forecast" (each target's mean and quantiles), or
            "text" (the commonest text for every row).
        kind: "binary", "multiclass", "multilabel", "regression", "text" (the commonest text for every row) or
            "boxes" (see `mean_boxes`).
        target: [N, K] of the training rows. weight: [N].
        rows: rows to predict for.

    Returns:
        float32 [rows, K].
    """
    if kind == "boxes":
        return mean_boxes(target, weight, rows)
    if kind == "text":
        return np.tile(_commonest(target, weight), (rows, 1))
    if kind == "forecast":
        return np.tile(_usual_steps(layout_of(kind), target), (rows, 1))
    total = float(weight.sum())
    mean = np.zeros(target.shape[1])
    if total > 0:
        mean = (target * weight[:, None]).sum(0, dtype=np.float64) / total
    if kind in ("binary", "multiclass") and mean.sum() > 0:
        mean = mean / mean.sum()
    return np.tile(mean.astype(np.float32), (rows, 1))


def mean_boxes(target: Array, weight: Array, rows: int) -> Array:
    """For every row the mean box of each class, scored by the share of images that have the class.

    Args:
        target: [N, M × 5], corners and class + 1. weight: [N].
    Returns:
        float32 [rows, C × 6]: corners, score, class + 1.
    """
    boxes = np.asarray(target, np.float64).reshape(len(target), -1, 5)[np.asarray(weight) > 0]
    found = []
    for number in np.unique(boxes[..., 4][boxes[..., 4] > 0]):
        of_class = boxes[..., 4] == number
        found.append([*boxes[of_class][:, :4].mean(0), of_class.any(1).mean(), number])
    one = np.array(found or [[0.0] * 6], np.float32).reshape(1, -1)
    return np.tile(one, (rows, 1))


def _commonest(target: Array, weight: Array) -> Array:
    """float32 [K]: the row that occurs most often; the first of several."""
    known = target[weight > 0]
    if not len(known):
        return np.zeros(target.shape[1], np.float32)
    rows, first, counts = np.unique(known, axis=0, return_index=True, return_counts=True)
    best = np.lexsort((first, -counts))[0]
    return np.asarray(rows[best], np.float32)


def _usual_steps(layout: Layout, target: Array) -> Array:
    """float32 [H × K' × (1 + Q)]: the mean of each target, and its quantiles, whatever the step."""
    found = np.zeros((layout.horizon, len(layout.places), 1 + len(layout.levels)), np.float32)
    found[:, :, 0] = layout.mean
    few = layout.wanted(target[:: max(1, len(target) // MOST_WINDOWS)]).reshape(-1, len(layout.places))
    for place, column in enumerate(few.T):
        known = column[np.isfinite(column)]
        if len(known) and layout.levels:
            found[:, place, 1:] = np.quantile(known, layout.levels)
    return found.reshape(-1)
