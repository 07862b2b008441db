"""From an image's own pixels to those of the prepared image and back: what `modalities.image` did to it."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def placing(sizes: Array, height: int, width: int) -> tuple[Array, Array]:
    """(scale [N, 2], offset [N, 2]), x before y: prepared = own × scale + offset.

    sizes: [N, 2], own height and width; 0 where there is no image (scale 1 then). height, width: of the prepared image.
    """
    own = np.asarray(sizes, np.float64)
    tall, wide = np.maximum(own[:, 0], 1), np.maximum(own[:, 1], 1)
    scale = np.minimum(height / tall, width / wide)
    inside = np.stack([np.clip(np.rint(wide * scale), 1, width), np.clip(np.rint(tall * scale), 1, height)], 1)
    offset = (np.array([[width, height]]) - inside) // 2
    exact = inside / np.stack([wide, tall], 1)
    blank = own.min(1) <= 0
    exact[blank], offset[blank] = 1.0, 0.0
    return exact, offset


def to_prepared(boxes: Array, sizes: Array, height: int, width: int) -> Array:
    """Boxes [N, M, 4] in own pixels → pixels of the prepared image."""
    scale, offset = placing(sizes, height, width)
    placed: Array = boxes * np.tile(scale, 2)[:, None] + np.tile(offset, 2)[:, None]
    return placed


def to_own(boxes: Array, sizes: Array, height: int, width: int) -> Array:
    """Boxes [N, M, 4] in pixels of the prepared image → own pixels, cut at the image's edges."""
    scale, offset = placing(sizes, height, width)
    own = (boxes - np.tile(offset, 2)[:, None]) / np.tile(scale, 2)[:, None]
    most = np.tile(np.asarray(sizes, np.float64)[:, ::-1], 2)[:, None]
    cut: Array = np.clip(own, 0, most)
    return cut
