"""Images → a short row of plain numbers, for models that read tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

THUMBNAIL = 14
"""Side of the grey thumbnail, pixels."""
COLOUR_GRID = 4
"""Side of the grid of mean colours."""
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@final
class ImageReading:
    """Images as thumbnails: see `summarise_images`."""

    costly: ClassVar[bool] = True

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return image_width(int(facts["channels"]))

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        return summarise_images(arrays["pixels"], arrays["mask"])


def image_width(channels: int) -> int:
    """Numbers that `summarise_images` gives for one image column."""
    return THUMBNAIL**2 + (COLOUR_GRID**2 * 3 if channels == 3 else 0)


def summarise_images(pixels: Array, mask: Array) -> Array:
    """Grey thumbnail and, in colour, a coarse grid of mean colours.

    Args:
        pixels: uint8 [N, C, H, W, K]. mask: bool [N, C].

    Returns:
        float32 [N, C × image_width(K)] in 0..1; NaN where there is no image.
    """
    rows, columns, channels = pixels.shape[0], pixels.shape[1], pixels.shape[-1]
    parts = [_area_mean(_grey(pixels)[..., None], THUMBNAIL)]
    if channels == 3:
        parts.append(_area_mean(pixels.astype(np.float32), COLOUR_GRID))
    found = np.concatenate([p.reshape(rows, columns, -1) for p in parts], axis=2) / np.float32(255)
    found[~mask] = np.nan
    return found.reshape(rows, -1)


def _grey(pixels: Array) -> Array:
    if pixels.shape[-1] == 1:
        return pixels[..., 0].astype(np.float32)
    return pixels.astype(np.float32) @ _GREY


def _area_mean(image: Array, side: int) -> Array:
    """Mean over a side × side grid of cells of [N, C, H, W, K]; nearest pixels where the image is smaller."""
    for axis in (2, 3):
        size = image.shape[axis]
        edges = np.arange(side) * size // side
        counts = np.maximum(np.diff(np.append(edges, size)), 1).astype(np.float32)
        shape = [1] * image.ndim
        shape[axis] = side
        image = np.add.reduceat(image, edges, axis=axis) / counts.reshape(shape)
    return image
