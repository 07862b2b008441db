"""Boxes without learning where: what stands out from the ground by its brightness, named by its size and colour.

Otsu's threshold (1979, "A threshold selection method from gray-level histograms") on brightness and on colourfulness,
connected parts, and for each part the class whose boxes were most like it in size, shape and colour. What a detector
must beat to have been worth its training.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.image_placing import to_own, to_prepared
from consilience.references.base import Array, Rows, State

MOST = 100
"""Boxes an image."""
LEAST_PIXELS = 6
"""Smallest part, pixels of the prepared image."""
SPREAD = 0.15
"""Least spread of a trait within a class."""


@final
class Blobs:
    """Class by distance to its mean traits: logarithms of the sides, and mean colour inside."""

    name: ClassVar[str] = "blobs"
    texts: ClassVar[bool] = False
    boxes: ClassVar[bool] = True
    """It predicts boxes, and nothing else."""

    class Config(Block):
        """No options."""

    def __init__(self, config: Config, facts: dict[str, Any], kind: str) -> None:
        groups = [name for name, known in facts["groups"].items() if known["modality"] == "image"]
        if kind != "boxes" or not groups:
            raise InputError("the reference 'blobs' predicts boxes in images only", where="references")
        self.group = groups[0]
        self.means = np.zeros((0, 0))
        self.spreads = np.zeros((0, 0))

    def settled(self) -> dict[str, Any]:
        """Nothing was searched for."""
        return {}

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """target: [N, M × 5] in own pixels. Mean and spread of every class's traits."""
        images, sizes = rows.arrays[self.group]["pixels"][:, 0], rows.arrays[self.group]["size"][:, 0]
        boxes = np.asarray(target, np.float64).reshape(len(target), -1, 5)
        count = int(boxes[..., 4].max(initial=0))
        found: list[list[Array]] = [[] for _ in range(count)]
        for row in np.flatnonzero(np.asarray(weight) > 0):
            real = boxes[row][boxes[row][:, 4] > 0]
            placed = to_prepared(real[None, :, :4], sizes[row : row + 1], *images[row].shape[:2])[0]
            for corners, number in zip(placed, real[:, 4].astype(int), strict=True):
                found[number - 1].append(_traits(images[row], corners))
        width = 2 + images.shape[-1]
        known = [np.array(one) if one else np.full((1, width), np.inf) for one in found]
        self.means = np.array([one.mean(0) for one in known]).reshape(count, width)
        self.spreads = np.array([np.maximum(one.std(0), SPREAD) if len(one) else 1 for one in known]).reshape(
            count, width
        )

    def predict(self, rows: Rows) -> Array:
        """float32 [N, MOST × 6]: corners in own pixels, score, class + 1."""
        arrays = rows.arrays[self.group]
        found = np.zeros((len(arrays["pixels"]), MOST, 6), np.float32)
        for row, (pixels, size, there) in enumerate(
            zip(arrays["pixels"][:, 0], arrays["size"][:, 0], arrays["mask"][:, 0], strict=True)
        ):
            boxes = self._named(pixels) if there and len(self.means) else np.zeros((0, 6))
            boxes[:, :4] = to_own(boxes[None, :, :4], size[None], *pixels.shape[:2])[0]
            found[row, : len(boxes)] = boxes
        return found.reshape(len(found), -1)

    def _named(self, pixels: Array) -> Array:
        """[n ≤ MOST, 6], corners in prepared pixels, the best score first."""
        parts = _parts(pixels)
        if not len(parts):
            return np.zeros((0, 6))
        traits = np.array([_traits(pixels, box) for box in parts])
        with np.errstate(invalid="ignore"):
            distance = np.square((traits[:, None] - self.means) / self.spreads).mean(-1)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        label = distance.argmin(1)
        score = 1 / (1 + distance[np.arange(len(parts)), label])
        order = np.argsort(-score, kind="stable")[:MOST]
        return np.column_stack([parts, score, label + 1])[order]

    def state(self) -> State:
        return State({"group": self.group}, {"means": self.means, "spreads": self.spreads})

    def restore(self, state: State) -> None:
        self.group = str(state.values["group"])
        self.means, self.spreads = np.asarray(state.arrays["means"]), np.asarray(state.arrays["spreads"])


def _parts(pixels: Array) -> Array:
    """[n, 4] corners of what stands out by brightness or by colourfulness, whichever side of the threshold is rarer."""
    import cv2

    colour = pixels.astype(np.int16)
    channels = [colour.mean(2), colour.max(2) - colour.min(2)] if pixels.shape[2] == 3 else [colour[:, :, 0]]
    found = []
    for channel in channels:
        plane = np.clip(channel, 0, 255).astype(np.uint8)
        _, above = cv2.threshold(plane, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        rarer = above if above.mean() <= 0.5 else 1 - above
        _, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(rarer, np.uint8), connectivity=8)
        real = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= LEAST_PIXELS][:, :4].astype(np.float64)
        found.append(np.column_stack([real[:, :2], real[:, :2] + real[:, 2:]]))
    return np.concatenate(found)


def _traits(pixels: Array, box: Array) -> Array:
    """[2 + K]: logarithms of the sides, mean colour inside (0..1)."""
    x0, y0 = np.floor(np.maximum(box[:2], 0)).astype(int)
    inside = pixels[y0 : max(y0 + 1, int(np.ceil(box[3]))), x0 : max(x0 + 1, int(np.ceil(box[2])))]
    colour = inside.reshape(-1, pixels.shape[2]).mean(0) / 255 if inside.size else np.zeros(pixels.shape[2])
    sides = np.log(np.maximum(box[2:] - box[:2], 1.0))
    return np.concatenate([sides, colour])
