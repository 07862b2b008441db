"""One figure a row for how wrong a prediction is, in the unit that a slice is reported in."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

REPORTED = {"binary": "accuracy", "multiclass": "accuracy", "multilabel": "hamming_loss", "regression": "mae"}
"""Kind → the metric that is the mean of `row_loss`, or one minus it (accuracy)."""


def row_loss(kind: str, target: Array, predictions: Array) -> Array:
    """[N] float64: 1 for a wrong class; the share of wrong labels; the absolute error.

    Args:
        target, predictions: [N, K].
    """
    if kind == "regression":
        return np.abs(target[:, 0].astype(np.float64) - predictions[:, 0])
    if kind == "multilabel":
        return np.asarray(((target > 0.5) != (predictions > 0.5)).mean(1), np.float64)
    return np.asarray(target.argmax(1) != predictions.argmax(1), np.float64)


def as_metric(kind: str, loss: float) -> float:
    """Mean loss → the reported metric."""
    return 1 - loss if REPORTED[kind] == "accuracy" else loss
