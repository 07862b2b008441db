"""Average precision of boxes, under any weights of the images: what a bootstrap over images asks for again and again.

The measure of COCO (Lin et al. 2014, arXiv 1405.0312): a predicted box is right when it overlaps a box of its class
that no better-scored one has taken; precision at 101 shares of recall, made to fall, averaged over classes and, for
`map`, over the overlaps 0.5 to 0.95. Boxes of all sizes, the best hundred of a class an image. A class counts when it
has a box among the rows. Equal to pycocotools, see `tests/tasks/boxes/test_against_coco.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from consilience.tasks.boxes.suppression import overlaps

Array = np.ndarray[Any, Any]

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MOST = 100
"""Boxes of a class in an image that are looked at, the best-scored ones."""


class Matched(NamedTuple):
    """Predicted boxes of one class, the best score first. score: [D]. row: [D], its image. right: bool [T, D] at each
    overlap. truths: [N], boxes of the class in each image."""

    score: Array
    row: Array
    right: Array
    truths: Array


def as_boxes(target: Array) -> Array:
    """Targets [N, M × 5] as [N, M, 5]: corners, class + 1."""
    return np.asarray(target, np.float64).reshape(len(target), -1, 5)


def as_found(predictions: Array) -> Array:
    """Predictions [N, P × 6] as [N, P, 6]: corners, score, class + 1."""
    return np.asarray(predictions, np.float64).reshape(len(predictions), -1, 6)


def match(target: Array, predictions: Array) -> dict[int, Matched]:
    """Class + 1 → its predicted boxes and which of them are right.

    Args:
        target: [N, M × 5]. predictions: [N, P × 6].
    """
    wanted, given = as_boxes(target), as_found(predictions)
    classes = np.unique(np.concatenate([wanted[..., 4].ravel(), given[..., 5].ravel()]))
    return {int(number): _of_class(wanted, given, number) for number in classes[classes > 0]}


def _of_class(wanted: Array, given: Array, number: float) -> Matched:
    scores, rows, rights = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros((len(OVERLAPS), 0), bool)]
    truths = (wanted[..., 4] == number).sum(1)
    for row in np.flatnonzero((given[..., 5] == number).any(1)):
        found = given[row][given[row][:, 5] == number]
        found = found[np.argsort(-found[:, 4], kind="stable")[:MOST]]
        scores.append(found[:, 4])
        rows.append(np.full(len(found), row))
        rights.append(_taken(overlaps(found[:, :4], wanted[row][wanted[row][:, 4] == number][:, :4])))
    score = np.concatenate(scores)
    order = np.argsort(-score, kind="stable")
    return Matched(score[order], np.concatenate(rows)[order], np.concatenate(rights, 1)[:, order], truths)


def _taken(common: Array) -> Array:
    """bool [T, D]: which of D boxes (best first) takes a truth at each overlap; common: [D, M]."""
    found = np.zeros((len(OVERLAPS), len(common)), bool)
    if not common.shape[1]:
        return found
    for level, least in enumerate(OVERLAPS):
        free = np.ones(common.shape[1], bool)
        for i in np.flatnonzero(common.max(1) >= least):
            best = len(free) - 1 - int(np.where(free, common[i], -1)[::-1].argmax())  # of equals COCO takes the last
            if free[best] and common[i, best] >= least:
                free[best], found[level, i] = False, True
    return found


def curve(found: Matched, weight: Array) -> tuple[Array, Array]:
    """(precision [T, D], recall [T, D]) after each predicted box, the best score first; weight [N] of the images."""
    each = weight[found.row]
    right = np.cumsum(found.right * each, 1)
    recall = right / max(float(found.truths @ weight), 1e-12)
    precision = right / np.maximum(np.cumsum(each), 1e-12)
    return precision, recall


def average_precision(found: Matched, weight: Array) -> Array:
    """[T] at each overlap; NaN without a box of the class."""
    if not float(found.truths @ weight) > 0:
        return np.full(len(OVERLAPS), np.nan)
    if not len(found.score):
        return np.zeros(len(OVERLAPS))
    precision, recall = curve(found, weight)
    envelope = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
    # Sums of whole numbers are exact, and 7/100 does not reach COCO's 0.07000000000000001; sums of others need slack.
    slack = 0.0 if (weight == np.round(weight)).all() else 1e-12
    values = np.zeros(len(OVERLAPS))
    for level in range(len(OVERLAPS)):
        place = np.searchsorted(recall[level], RECALLS - slack)
        values[level] = envelope[level][place[place < envelope.shape[1]]].sum() / len(RECALLS)
    return values


class BoxPrecision:
    """map_50, map_75, map (mean over overlaps 0.5 to 0.95) and recall_50 (share of boxes that are found, however
    unsure)."""

    names: ClassVar[tuple[str, ...]] = ("map_50", "map", "map_75", "recall_50")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        self.matched = match(target, predictions)

    def at(self, weight: Array) -> dict[str, float]:
        every = np.array([average_precision(found, weight) for found in self.matched.values()])
        values = _means(every.reshape(-1, len(OVERLAPS)))
        recalls = [
            float((found.right[0] * weight[found.row]).sum() / (found.truths @ weight))
            for found in self.matched.values()
            if float(found.truths @ weight) > 0
        ]
        return {
            "map_50": float(values[0]),
            "map": float(values.mean()),
            "map_75": float(values[5]),
            "recall_50": float(np.mean(recalls)) if recalls else float("nan"),
        }


def _means(every: Array) -> Array:
    """[T]: mean over the classes that have boxes; NaN where none has."""
    known = every[~np.isnan(every).any(1)]
    found: Array = known.mean(0) if len(known) else np.full(len(OVERLAPS), np.nan)
    return found
