"""What a detector gives: the interface between whatever finds vehicles and everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Frame = Array
"""BGR uint8 [H, W, 3], as OpenCV reads it."""


class Detections(NamedTuple):
    """boxes: float32 [n, 4], left, top, right, bottom in pixels. scores: float32 [n], 0..1. classes: n names."""

    boxes: Array
    scores: Array
    classes: list[str]

    def at(self, index: Array) -> Detections:
        """The detections at `index` [m]."""
        return Detections(self.boxes[index], self.scores[index], [self.classes[int(i)] for i in index])


Detector = Callable[[Frame], Detections]
"""Any callable frame → Detections: one trained by Consilience, one of torchvision, or the motion detector."""


def no_detections() -> Detections:
    return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), [])


def overlap(first: Array, second: Array) -> Array:
    """Intersection over union [n, m] of boxes [n, 4] and [m, 4]."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    other = np.minimum(first[:, None, 2:], second[None, :, 2:])
    inside = np.prod(np.clip(other - corner, 0, None), axis=2)
    area = [np.prod(np.clip(b[:, 2:] - b[:, :2], 0, None), axis=1) for b in (first, second)]
    union = area[0][:, None] + area[1][None] - inside
    return np.asarray(inside / np.maximum(union, 1e-9))


def centres(boxes: Array) -> Array:
    """[n, 2] of boxes [n, 4]."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)
