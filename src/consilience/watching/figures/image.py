"""Figures of images: size, light and colour."""

from __future__ import annotations

import hashlib
from typing import Any, final

import numpy as np


@final
class ImageFigures:
    """Size, brightness, contrast, edges, colour and the mean of a 4 × 4 grid, 0..1."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        from consilience.modalities.image_decode import channels_of, decode, open_image, opencv, to_8_bits

        data, header = open_image(cell, 64_000_000)
        pixels = channels_of(to_8_bits(decode(data, header, False, 64)[..., :3], 65535), 3)
        pixels = np.ascontiguousarray(pixels).astype(np.float32) / 255
        grey = pixels.mean(2)
        small = opencv().resize(grey, (4, 4), interpolation=opencv().INTER_AREA)
        grid = {f"grid{i}": float(v) for i, v in enumerate(small.reshape(-1))}
        return {
            "width": float(header.width),
            "height": float(header.height),
            "brightness": float(grey.mean()),
            "contrast": float(grey.std()),
            "edges": float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()),
            "colour": float((pixels.max(2) - pixels.min(2)).mean()),
            **grid,
            "sha256": hashlib.sha256(data).hexdigest() if isinstance(cell, bytes) else None,
        }
