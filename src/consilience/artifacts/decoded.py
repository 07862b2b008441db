"""Predictions as a person reads them: a value and, of classes, the probability of each by name."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def decoded(task: Any, final: Array) -> tuple[list[Any], list[dict[str, float] | None]]:
    """(value, probabilities) of each row of `final` [N, K]; no probabilities where a number is predicted."""
    columns = task.decode(final)
    said = list(columns.pop("prediction"))
    if not columns:
        return said, [None] * len(said)
    names = [name.partition(":")[2] for name in columns]
    shares = np.stack([np.asarray(column, np.float64) for column in columns.values()], 1)
    return said, [dict(zip(names, row, strict=True)) for row in shares.tolist()]
