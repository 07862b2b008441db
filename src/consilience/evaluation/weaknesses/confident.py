"""Suspected label errors by confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating
Uncertainty in Dataset Labels", JAIR 70, 2021). Why not the library cleanlab: docs/decisions/0007-label-errors.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Suspects(NamedTuple):
    """rows: positions, most suspected first. suggested: int [S], the class each is counted as. margin: [S],
    probability of the given label less that of the best other, below 0. joint: int [K, K], the confident joint (given ×
    counted as). thresholds: [K]."""

    rows: Array
    suggested: Array
    margin: Array
    joint: Array
    thresholds: Array


def find_label_errors(given: Array, probability: Array) -> Suspects:
    """Rows that stand off the diagonal of the confident joint.

    A row counts as class j when its probability of j reaches the mean probability that rows labelled j have of it; of
    several such classes the likeliest.

    Args:
        given: int [N], the labels. probability: [N, K], of a model that did not train on these rows.
    """
    classes = probability.shape[1]
    thresholds = np.array([probability[given == k, k].mean() if (given == k).any() else np.inf for k in range(classes)])
    reached = probability >= thresholds - 1e-6
    counted = np.where(reached, probability, -1.0).argmax(1)
    confident = reached.any(1)
    joint = np.bincount(given[confident] * classes + counted[confident], minlength=classes**2)
    rows = np.arange(len(given))
    best = probability.argmax(1)
    off = np.flatnonzero(confident & (counted != given) & (best != given))
    others = probability.copy()
    others[rows, given] = -1.0
    margin = probability[rows, given] - others.max(1)
    order = off[np.argsort(margin[off], kind="stable")]
    return Suspects(order, counted[order], margin[order], joint.reshape(classes, classes), thresholds)


def find_label_set_errors(given: Array, probability: Array) -> tuple[Array, Array, Array]:
    """The same for rows with any number of labels: each label is a question of its own.

    Args:
        given: bool [N, K]. probability: [N, K].

    Returns:
        rows [S], label [S] and margin [S], most suspected first.
    """
    found = []
    for k in range(given.shape[1]):
        if given[:, k].any() and not given[:, k].all():
            pair = np.stack([1 - probability[:, k], probability[:, k]], 1)
            suspects = find_label_errors(given[:, k].astype(np.int64), pair)
            found += [(m, int(r), k) for r, m in zip(suspects.rows, suspects.margin, strict=True)]
    found.sort()
    rows, labels = (np.array([f[i] for f in found], np.int64) for i in (1, 2))
    return rows, labels, np.array([f[0] for f in found], np.float64)
