"""Predictions as a person reads them: a value and, of classes, the probability of each by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def decoded(task: Any, final: Array) -> tuple[list[Any], list[dict[str, float] | None]]:
    """(value, probabilities) of each row of `final` [N, K]; no probabilities where a number is predicted."""
    said = task.said(final).tolist()
    classes = getattr(task, "classes", None)
    if classes is None:
        return said, [None] * len(said)
    shares = np.asarray(final, np.float32).tolist()  # as `Task.decode` gives them
    return said, [dict(zip(classes, row, strict=True)) for row in shares]


def as_line(prediction: Any) -> str:
    """A prediction as one text: a list of boxes as JSON."""
    return json.dumps(prediction, ensure_ascii=False) if isinstance(prediction, list) else str(prediction)
