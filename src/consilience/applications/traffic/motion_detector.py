"""Moving things before a fixed camera, without any training: what differs from the learned background.

Zivkovic 2004, "Improved Adaptive Gaussian Mixture Model for Background Subtraction" (ICPR), as OpenCV has it. Cameras
change their exposure when something bright drives into view, which moves every pixel; so each frame is first brought to
the background's own light by the median ratio of its pixels. All sizes are shares of the frame and all times are in
seconds: there is nothing to set for a new camera.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np

from consilience.applications.traffic.detections import Array, Detections, Frame, no_detections, overlap
from consilience.modalities.image_decode import opencv

KIND = "vehicle"
"""Without a trained detector nothing tells a car from a lorry."""
LONGEST_SIDE = 480
"""Pixels of the longer side at which motion is looked for."""
LEARNED_SECONDS, BACKGROUND = 120.0, 0.7
"""Memory of the background, and its share: what stands still joins it after about a third of the memory."""
DISTANCE = 30.0
"""Squared distance, in variances, from which a pixel is foreground (OpenCV's default is 16)."""
FAINTEST, LIGHT = 14.0, 60.0
"""Least contrast of a moving pixel (0..255), and by how much it rises with the logarithm of the change of light: tone
curves are not straight, so that a ratio mends a large change only in part."""
LEAST_AREA = 0.0008
"""Least area of a thing, share of the frame."""
OPENED, CLOSED = 0.006, 0.03
"""Sides of the marks that are rubbed out and of the gaps that are closed, share of the shorter side."""
FILLED = 0.25
"""Least share of a box that moves: less is the seam of a shadow."""
WARM_SECONDS = 5.0
"""From the start, in which the background is learned fast."""
SETTLED_SECONDS = 0.5
"""At the start nothing is known: nothing is reported."""
DARKEST, BRIGHTEST = 12, 243
"""Pixels beyond say nothing about the light."""
EVERYWHERE = 0.6
"""Where more of the frame than this changes at once, the camera or the light did, not the traffic."""


@final
class MotionDetector:
    """See `detections.Detector`. Frames must come in order.

    Args:
        rate: frames a second that it will be shown.
    """

    def __init__(self, rate: float) -> None:
        cv2 = opencv()
        history = max(30, round(LEARNED_SECONDS * rate))
        self._model: Any = cv2.createBackgroundSubtractorMOG2(history, DISTANCE, True)
        self._model.setBackgroundRatio(BACKGROUND)
        self._history, self._warm = history, max(3, round(WARM_SECONDS * rate))
        self._settled = max(3, round(SETTLED_SECONDS * rate))
        self._seen = 0

    def __call__(self, frame: Frame) -> Detections:
        cv2 = opencv()
        scale = min(1.0, LONGEST_SIDE / max(frame.shape[:2]))
        size = (max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale)))
        small = cv2.GaussianBlur(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), (5, 5), 0)
        known: Frame | None = self._model.getBackgroundImage() if self._seen else None
        ratios = _light(small, known)
        even = np.clip(small / ratios + 0.5, 0, 255).astype(np.uint8)
        self._seen += 1
        marks = self._model.apply(even, learningRate=self._pace())
        if self._seen <= self._settled or known is None:
            return no_detections()
        contrast = np.abs(even.astype(np.int16) - known.astype(np.int16)).max(2)
        least = FAINTEST + LIGHT * float(np.abs(np.log(ratios)).max())
        mask = cleaned(np.where((marks == 255) & (contrast > least), np.uint8(255), np.uint8(0)))
        if np.count_nonzero(mask) > EVERYWHERE * mask.size:
            return no_detections()
        return _boxes(mask, 1 / scale)

    def _pace(self) -> float:
        """Fast while the background is new, so that who stood in the first frames is soon forgotten; then slow, so that
        who waits is not."""
        return 1 / min(2 * self._seen, self._history) if self._seen <= self._warm else 1 / self._history


def _light(frame: Frame, known: Frame | None) -> Array:
    """How much lighter each channel [3] is than the background: the median ratio of the pixels."""
    ratios = np.ones(3, np.float32)
    if known is None:
        return ratios
    here, there = frame[::4, ::4].astype(np.float32), known[::4, ::4].astype(np.float32)
    for channel in range(3):
        a, b = here[..., channel], there[..., channel]
        usable = (a > DARKEST) & (a < BRIGHTEST) & (b > DARKEST) & (b < BRIGHTEST)
        if usable.mean() > 0.1:
            ratios[channel] = np.median(a[usable] / b[usable])
    return ratios


def cleaned(mask: Array) -> Array:
    """Specks rubbed out, gaps closed, holes filled; uint8 [H, W] of 0 and 255."""
    cv2 = opencv()
    short = min(mask.shape)

    def disc(share: float) -> Any:
        side = max(3, round(share * short)) | 1
        return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(OPENED))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(CLOSED))
    shapes, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), shapes, -1, 255, cv2.FILLED))


def _boxes(mask: Array, scale: float) -> Detections:
    """Boxes of the connected parts; parts inside the box of a larger one belong to it."""
    cv2 = opencv()
    count, _, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    parts = found[1:count]
    parts = parts[parts[:, 4] >= LEAST_AREA * mask.size]
    parts = parts[parts[:, 4] >= FILLED * parts[:, 2] * parts[:, 3]]
    parts = parts[np.argsort(-parts[:, 4], kind="stable")]
    boxes = np.stack([parts[:, 0], parts[:, 1], parts[:, 0] + parts[:, 2], parts[:, 1] + parts[:, 3]], 1)
    kept: list[int] = []
    for at in range(len(boxes)):
        if not kept or not _within(boxes[at], boxes[kept]):
            kept.append(at)
    boxes, parts = boxes[kept].astype(np.float32), parts[kept]
    scores = np.clip(parts[:, 4] / np.maximum(parts[:, 2] * parts[:, 3], 1), 0.5, 1.0)
    return Detections(boxes * np.float32(scale), scores.astype(np.float32), [KIND] * len(boxes))


def _within(box: Array, others: Array) -> bool:
    """Whether most of a box lies in one of the others."""
    area = float(np.prod(box[2:] - box[:2]))
    union = np.prod(others[:, 2:] - others[:, :2], axis=1) + area
    share = overlap(box[None].astype(np.float64), others.astype(np.float64))[0]
    inside = share * union / (1 + share)  # intersection from intersection over union
    return bool((inside > 0.7 * area).any())
