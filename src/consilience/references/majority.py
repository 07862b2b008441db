"""What a model that looks at nothing would say: the floor of every comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def majority_predictions(kind: str, target: Array, weight: Array, rows: int) -> Array:
    """The training rows' class shares (or weighted mean) for every row, in the form of `Task.predictions`.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression".
        target: [N, K] of the training rows. weight: [N].
        rows: rows to predict for.

    Returns:
        float32 [rows, K].
    """
    total = float(weight.sum())
    mean = np.zeros(target.shape[1])
    if total > 0:
        mean = (target * weight[:, None]).sum(0, dtype=np.float64) / total
    if kind in ("binary", "multiclass") and mean.sum() > 0:
        mean = mean / mean.sum()
    return np.tile(mean.astype(np.float32), (rows, 1))
