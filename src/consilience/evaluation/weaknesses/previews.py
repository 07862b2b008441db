"""Pictures as small PNG or JPEG data addresses, videos as strips of frames, sounds as short WAV ones."""

from __future__ import annotations

import base64
import io
import wave as wave_file
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PNG_PIXELS = 96 * 96
"""Larger pictures become JPEG."""
SECONDS, RATE = 3.0, 8000
"""Longest sound kept, and the highest rate, Hz."""
STRIP = 6
"""Frames shown of a video."""


def film_strip(frames: Array) -> Array:
    """At most STRIP of the frames uint8 [F, H, W, K] side by side: [H, at most STRIP · W, K]."""
    chosen = frames[np.unique(np.linspace(0, len(frames) - 1, min(STRIP, len(frames))).astype(np.int64))]
    return np.concatenate(list(chosen), axis=1)


def picture_address(pixels: Array) -> str:
    """uint8 [H, W, K] (K = 1 grey, 3 RGB) as a data address."""
    import cv2

    small = pixels.shape[0] * pixels.shape[1] <= PNG_PIXELS
    image = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels[:, :, ::-1]
    options = [] if small else [int(cv2.IMWRITE_JPEG_QUALITY), 75]
    _, data = cv2.imencode(".png" if small else ".jpg", np.ascontiguousarray(image), options)
    return f"data:image/{'png' if small else 'jpeg'};base64,{base64.b64encode(data.tobytes()).decode()}"


def sound_address(sound: Array, rate: int) -> str:
    """int16 [T] as a WAV data address: its first seconds, at a rate of at most RATE."""
    import soxr

    sound = sound[: int(SECONDS * rate)]
    if rate > RATE:
        sound, rate = np.asarray(soxr.resample(sound, rate, RATE)), RATE
    file = io.BytesIO()
    with wave_file.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.ascontiguousarray(sound, "<i2").tobytes())
    return f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"
