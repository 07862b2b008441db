"""Rates by which groups of people are compared, each a sum over a sum: what a bootstrap can weigh in one product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

MAIN_CLASSES = 3
"""Of many classes or labels, the most frequent are looked at one against the rest."""


class Rate(NamedTuple):
    """Sum of `part` over the rows where `of` is 1, over their number. class_: the class meant, or None.

    name: accuracy, selection, tpr, fpr, ppv, calibration (mean probability less share, + = said too often),
    bias (mean of predicted − actual) or mae.
    """

    name: str
    class_: str | None
    part: Array
    of: Array


def rates_of(kind: str, target: Array, predictions: Array, classes: Sequence[str]) -> list[Rate]:
    """The rates of a task; of two classes those of the second.

    Args:
        target, predictions: [N, K].
    """
    every = np.ones(len(target))
    if kind == "regression":
        error = predictions[:, 0] - target[:, 0]
        return [Rate("mae", None, np.abs(error), every), Rate("bias", None, error, every)]
    if kind == "multilabel":
        actual, said = target > 0.5, predictions > 0.5
        right = (actual == said).all(1)
    else:
        columns = np.arange(target.shape[1])
        actual = target.argmax(1)[:, None] == columns
        said = predictions.argmax(1)[:, None] == columns
        right = (actual & said).any(1)
    found = [Rate("accuracy", None, right.astype(np.float64), every)]
    frequent = np.argsort(-actual.sum(0), kind="stable")[:MAIN_CLASSES]
    for place in [1] if kind == "binary" else [int(k) for k in frequent]:
        found += _against_rest(classes[place], actual[:, place], said[:, place], predictions[:, place])
    return found


def _against_rest(name: str, actual: Array, said: Array, probability: Array) -> list[Rate]:
    every = np.ones(len(actual))
    was, chosen = actual.astype(np.float64), said.astype(np.float64)
    return [
        Rate("selection", name, chosen, every),
        Rate("tpr", name, chosen * was, was),
        Rate("fpr", name, chosen * (1 - was), 1 - was),
        Rate("ppv", name, chosen * was, chosen),
        Rate("calibration", name, probability - was, every),
    ]
