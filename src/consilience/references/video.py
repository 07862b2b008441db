"""Videos → a short row of plain numbers, for models that read tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

SIDE = 6
"""Side of the grids, cells."""
PARTS = 3
"""Parts of a video whose grey grids are kept: where things are first, then, and last."""
COLOUR_SIDE = 3
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@final
class VideoReading:
    """Videos as grids of grey, motion and colour: see `summarise_videos`."""

    costly: ClassVar[bool] = True

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return video_width()

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        return summarise_videos(arrays["frame"], arrays["second"], arrays["mask"])


def video_width() -> int:
    """Numbers that `summarise_videos` gives for one video column."""
    return (PARTS + 1) * SIDE**2 + 3 * COLOUR_SIDE**2 + 2


def summarise_videos(frame: Array, second: Array, mask: Array) -> Array:
    """Grey grids of parts of the video, a grid of its motion, one of its colours, mean motion and log seconds.

    Args:
        frame: uint8 [N, C, F, H, W, 3]. second: float32 [N, C, F]. mask: bool [N, C, F].

    Returns:
        float32 [N, C × video_width()]; NaN where there is no video.
    """
    rows, columns = mask.shape[:2]
    found = np.full((rows, columns, video_width()), np.nan, np.float32)
    for row, column in zip(*np.nonzero(mask.any(2)), strict=True):
        shown = frame[row, column][mask[row, column]].astype(np.float32) / np.float32(255)
        grey = _grid(shown @ _GREY, SIDE)
        parts = [part.mean(0) if len(part) else grey[-1] for part in np.array_split(grey, PARTS)]
        moved = np.abs(np.diff(grey, axis=0)).mean(0) if len(grey) > 1 else np.zeros_like(grey[0])
        colour = [_grid(shown[..., k].mean(0)[None], COLOUR_SIDE)[0] for k in range(3)]
        last = [np.array([moved.mean(), np.log1p(second[row, column].max())])]
        found[row, column] = np.concatenate([part.ravel() for part in (*parts, moved, *colour, *last)])
    return found.reshape(rows, -1)


def _grid(image: Array, side: int) -> Array:
    """Means over a side × side grid of [n, H, W]; nearest pixels where the image is smaller."""
    for axis in (1, 2):
        size = image.shape[axis]
        edges = np.arange(side) * size // side
        counts = np.maximum(np.diff(np.append(edges, size)), 1).astype(np.float32)
        shape = [1, 1, 1]
        shape[axis] = side
        image = np.add.reduceat(image, edges, axis=axis) / counts.reshape(shape)
    return image
