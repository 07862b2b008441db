"""From which score on a box is said: for each class the score of the best F1 on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from consilience.tasks.boxes.precision import curve, match

Array = np.ndarray[Any, Any]

FALLBACK = 0.3
"""Threshold of a class without a box among the validation rows."""


def best_thresholds(target: Array, weight: Array, predictions: Array, labels: Sequence[str]) -> dict[str, float]:
    """Label → score above which precision and recall at IoU 0.5 are balanced best.

    Args:
        target: [V, M × 5]. weight: [V]. predictions: [V, P × 6].
    """
    found = match(target, predictions)
    thresholds = {}
    for number, label in enumerate(labels, 1):
        thresholds[label] = FALLBACK
        if number not in found or not len(found[number].score):
            continue
        if not float(found[number].truths @ weight) > 0:
            continue
        precision, recall = (values[0] for values in curve(found[number], np.asarray(weight, np.float64)))
        merit = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        if merit.max() > 0:
            best = int(merit.argmax())
            thresholds[label] = round(float(found[number].score[best]) - 5e-5, 4)
    return thresholds
