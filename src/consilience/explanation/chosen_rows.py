"""Which rows a report explains: some that the model is sure of and right, some it is unsure of, some sure and wrong."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def choose_rows(kind: str, target: Array, predictions: Array, count: int) -> list[tuple[int, str]]:
    """(position, why) of at most `count` rows, taken in turn from each kind of row; all distinct.

    Args:
        kind: "binary", "multiclass", "multilabel" or "regression". target, predictions: [N, K].

    why: "wrong", "right", "unsure" (classes and labels, by the likeliest) or "near", "far" (regression).
    """
    if kind == "regression":
        error = np.abs(target[:, 0] - predictions[:, 0])
        order = np.argsort(error, kind="stable").tolist()
        return _in_turn({"far": order[::-1], "near": order}, count)
    guess = predictions.argmax(1)
    sure = predictions.max(1)
    if kind == "multilabel":
        right = target[np.arange(len(target)), guess] > 0.5
        unsure = np.argsort(np.abs(predictions - 0.5).min(1), kind="stable")
    else:
        right = target.argmax(1) == guess
        ranked = np.sort(predictions, axis=1)
        unsure = np.argsort(ranked[:, -1] - ranked[:, -2], kind="stable")
    order = np.argsort(-sure, kind="stable")
    found = {"wrong": order[~right[order]].tolist(), "right": order[right[order]].tolist(), "unsure": unsure.tolist()}
    return _in_turn(found, count)


def _in_turn(found: dict[str, list[int]], count: int) -> list[tuple[int, str]]:
    taken: dict[int, str] = {}
    named = ([(row, why) for row in rows] for why, rows in found.items())
    for row, why in filter(None, chain.from_iterable(zip_longest(*named))):
        if len(taken) >= count:
            break
        taken.setdefault(row, why)
    order = list(found)
    return sorted(taken.items(), key=lambda item: order.index(item[1]))
