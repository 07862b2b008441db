"""Overlays and sounds as data addresses: blue speaks for the explained class, orange against it."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from consilience.explanation.image_pieces import ImagePieces
from consilience.explanation.sound_pieces import BANDS, MOMENTS, SoundPieces

Array = np.ndarray[Any, Any]

SHOWN = 168
"""Longest side of a picture, px."""
FOR, AGAINST = (178, 114, 0), (0, 94, 213)
"""Okabe and Ito's blue and vermillion, in the order blue, green, red."""
STRONGEST = 0.7
"""Opacity of the strongest piece."""
LOUDEST_DECIBEL = 60.0
"""Range of levels that a spectrogram shows, dB."""
LISTENED = 8000
"""Highest rate of a sound in a page, Hz."""


def picture(pixels: Array) -> str:
    """uint8 [H, W, K] as a JPEG data address."""
    return _jpeg(_enlarged(_bgr(pixels)))


def picture_overlay(pixels: Array, pieces: ImagePieces, weights: Array) -> str:
    """The regions' weights [down · across] as colour over the grey picture uint8 [H, W, K]."""
    grey = _bgr(pixels).astype(np.float32).mean(2, keepdims=True).repeat(3, 2)
    return _jpeg(_blended(_enlarged(grey.astype(np.uint8)), weights.reshape(pieces.grid)))


def sound_overlay(wave: Array, pieces: SoundPieces, weights: Array) -> str:
    """The tiles' weights [MOMENTS · BANDS] as colour over the grey spectrogram of int16 [T]: time to the right,
    frequency upwards on the mel scale."""
    import cv2

    level = _spectrogram(wave, pieces)
    grey = np.repeat(level[::-1, :, None], 3, 2)
    grey = cv2.resize(grey, (2 * SHOWN, SHOWN), interpolation=cv2.INTER_LINEAR)
    return _jpeg(_blended(grey, weights.reshape(MOMENTS, BANDS).T[::-1]))


def series_overlay(lines: Array, weights: Array) -> str:
    """A series [T, K] (NaN = missing) as lines over the weights [lanes, stretches] of its stretches: time to the right,
    each channel from its least to its largest value."""
    import cv2

    high, wide, few = SHOWN, 2 * SHOWN, min(lines.shape[1], weights.shape[0]) or 1
    parts = min(weights.shape[1], len(lines))
    image = _blended(np.full((high, wide, 3), 255, np.uint8), weights[:, :parts], cv2.INTER_NEAREST)
    for channel in range(lines.shape[1]):
        top = high * (channel if few > 1 else 0) // few
        line = _points(lines[:, channel], wide, high // few) + np.array([0, top])
        whole = np.isfinite(lines[:, channel])
        for start, end in zip(np.flatnonzero(whole)[:-1], np.flatnonzero(whole)[1:], strict=True):
            if end == start + 1:
                cv2.line(image, line[start].tolist(), line[end].tolist(), (60, 60, 60), 1, cv2.LINE_AA)
    return _jpeg(image)


def _points(line: Array, wide: int, high: int) -> Array:
    """Pixels int64 [T, 2] of a line within a picture of these sides."""
    seen = line[np.isfinite(line)]
    low, span = (float(seen.min()), float(np.ptp(seen)) or 1.0) if len(seen) else (0.0, 1.0)
    across = np.linspace(0, wide - 1, len(line))
    down = (high - 4) * (1 - (np.nan_to_num(line, nan=low) - low) / span) + 2
    return np.stack([across, down], 1).round().astype(np.int64)


def sound(wave: Array, rate: int, seconds: float) -> str:
    """The first `seconds` of int16 [T] as a WAV data address at LISTENED Hz at most."""
    import soundfile

    cut = wave[: int(seconds * rate)]
    if rate > LISTENED:
        import soxr

        cut, rate = soxr.resample(cut, rate, LISTENED), LISTENED
    file = io.BytesIO()
    soundfile.write(file, cut, rate, format="WAV", subtype="PCM_16")
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


def _bgr(pixels: Array) -> Array:
    return pixels.repeat(3, 2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels[:, :, ::-1])


def _enlarged(image: Array) -> Array:
    import cv2

    scale = SHOWN / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST if scale > 1 else cv2.INTER_AREA))


def _blended(image: Array, weights: Array, between: int = 1) -> Array:
    """between: of OpenCV, how colours change from one piece to the next; 1 = evenly."""
    import cv2

    largest = float(np.abs(weights).max()) or 1.0
    spread = cv2.resize((weights / largest).astype(np.float32), image.shape[1::-1], interpolation=between)
    opacity = STRONGEST * np.abs(spread)[:, :, None]
    colour = np.where(spread[:, :, None] > 0, np.array(FOR), np.array(AGAINST))
    return np.asarray((image * (1 - opacity) + colour * opacity).round().astype(np.uint8))


def _spectrogram(wave: Array, pieces: SoundPieces) -> Array:
    """uint8 [rows, frames]: levels on the mel scale, lowest first."""
    size, hop = pieces.size, pieces.hop
    padded = np.pad(wave.astype(np.float64), (size // 2, size))
    starts = np.arange(0, max(len(wave), 1), hop)
    frames = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)) + 1e-3)
    scaled = np.clip((level - level.max()) / LOUDEST_DECIBEL + 1, 0, 1) * 255
    edges = np.interp(np.linspace(0, BANDS, 97), np.arange(BANDS + 1), pieces.edges)
    bins = np.clip(((edges[1:] + edges[:-1]) / 2 / pieces.rate * size).round().astype(int), 0, size // 2)
    return np.asarray(scaled[:, bins].T.astype(np.uint8))


def _jpeg(image: Array) -> str:
    import cv2

    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 82])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
