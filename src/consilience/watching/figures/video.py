"""Figures of videos: length, size, light and motion."""

from __future__ import annotations

import hashlib
from typing import Any, final

import numpy as np

VIDEO_FRAMES = 6


@final
class VideoFigures:
    """Duration, size, frames a second, brightness, contrast, colour and motion (mean change between kept frames)."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        from consilience.modalities.image_decode import channels_of, shrink
        from consilience.modalities.video_decode import Bounds, measure_video, sample_frames

        header = measure_video(cell)
        found = sample_frames(cell, VIDEO_FRAMES, Bounds(64_000_000, 14_400.0))
        frames = np.stack([channels_of(shrink(f, 32, 32), 3) for f in found.frames]).astype(np.float32) / 255
        grey = frames.mean(3)
        return {
            "seconds": float(found.seconds),
            "width": float(header.width),
            "height": float(header.height),
            "rate": float(header.rate),
            "brightness": float(grey.mean()),
            "contrast": float(grey.std()),
            "colour": float((frames.max(3) - frames.min(3)).mean()),
            "motion": float(np.abs(np.diff(grey, axis=0)).mean()) if len(grey) > 1 else 0.0,
            "sha256": hashlib.sha256(cell).hexdigest() if isinstance(cell, bytes) else None,
        }
