"""From scores and boxes of every position to the boxes of an image: non-maximum suppression, class by class.

NumPy only: what is served runs it too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

CANDIDATES = 1_000
"""Best-scored candidates of an image that are looked at."""


class Limits(NamedTuple):
    """least: lowest score kept. overlap: IoU from which the lower-scored of two boxes of a class goes. most: boxes of
    an image."""

    least: float
    overlap: float
    most: int


def areas(boxes: Array) -> Array:
    """[…, 4] → […]: 0 for reversed boxes."""
    found: Array = np.clip(boxes[..., 2] - boxes[..., 0], 0, None) * np.clip(boxes[..., 3] - boxes[..., 1], 0, None)
    return found


def overlaps(a: Array, b: Array) -> Array:
    """Intersection over union of every box of `a` [n, 4] with every one of `b` [m, 4], [n, m]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    union = areas(a)[:, None] + areas(b)[None] - common
    found: Array = common / np.maximum(union, 1e-12)
    return found


def suppress(scores: Array, boxes: Array, limits: Limits) -> Array:
    """Kept boxes [n ≤ most, 6]: corners, score, class; the highest score first.

    Args:
        scores: [L, C]. boxes: [L, 4].
    """
    place, label = np.nonzero(scores > limits.least)
    score = scores[place, label]
    order = np.lexsort((label, place, -score))[:CANDIDATES]  # equal scores: the same order everywhere
    place, label, score = place[order], label[order], score[order]
    corner = boxes[place].astype(np.float64)
    kept: list[int] = []
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if not alive[i]:
            continue
        kept.append(i)
        if len(kept) == limits.most:
            break
        rest = np.flatnonzero(alive[i + 1 :] & (label[i + 1 :] == label[i])) + i + 1
        alive[rest[overlaps(corner[i : i + 1], corner[rest])[0] > limits.overlap]] = False
    return np.column_stack([corner[kept], score[kept], label[kept]])
