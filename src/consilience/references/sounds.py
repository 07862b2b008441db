"""Sounds → a short row of plain numbers, for models that read tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

FRAMES = 48
"""Frames of a sound that are measured, evenly spaced over its length: bounds the cost of long sounds."""
SEGMENTS = 6
"""Parts of a sound whose band energies are averaged."""
BANDS = 20
FRAME_SECONDS = 0.032


@final
class SoundReading:
    """Sounds as energies of bands: see `summarise_sounds`."""

    costly: ClassVar[bool] = True

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return sound_width()

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        return summarise_sounds(arrays["wave"], arrays["length"], arrays["mask"], int(facts["sample_rate"]))


def sound_width() -> int:
    """Numbers that `summarise_sounds` gives for one audio column."""
    return BANDS * (SEGMENTS + 1) + 2


def summarise_sounds(wave: Array, length: Array, mask: Array, rate: int) -> Array:
    """Log energies of mel-spaced bands: means over `SEGMENTS` parts of the sound, deviations over its frames.

    Args:
        wave: int16 [N, C, T]. length: int [N, C], samples. mask: bool [N, C]. rate: samples a second.

    Returns:
        float32 [N, C × sound_width()]: band means, band deviations, loudness, log seconds; NaN without sound.
    """
    size = max(int(rate * FRAME_SECONDS), 16)
    if wave.shape[2] < size:  # batches are trimmed to their longest sound
        wave = np.pad(wave, ((0, 0), (0, 0), (0, size - wave.shape[2])))
    rows, columns, samples = wave.shape
    flat, lengths = wave.reshape(rows * columns, samples), length.reshape(-1)
    last = np.maximum(lengths - size, 0)
    start = (last[:, None] * np.linspace(0, 1, FRAMES)[None, :]).astype(np.int64)
    frames = np.take_along_axis(flat, (start[:, :, None] + np.arange(size)).reshape(len(flat), -1), axis=1).reshape(
        len(flat), FRAMES, size
    )
    window = np.hanning(size).astype(np.float32) / np.float32(32768)
    power = np.abs(np.fft.rfft(frames * window, axis=2)).astype(np.float32) ** 2
    energy = np.log(power @ _mel_bands(size, rate) + np.float32(1e-8))
    parts = energy.reshape(len(flat), SEGMENTS, FRAMES // SEGMENTS, BANDS).mean(2)
    level = parts.mean((1, 2))[:, None]
    found = np.concatenate(
        [
            (parts - level[:, :, None]).reshape(len(flat), -1),
            energy.std(1),
            level,
            np.log(np.maximum(lengths, 1)[:, None] / rate),
        ],
        axis=1,
    ).astype(np.float32)
    found[~mask.reshape(-1)] = np.nan
    return found.reshape(rows, -1)


def _mel_bands(size: int, rate: int) -> Array:
    """Triangular bands evenly spaced on the mel scale (Stevens et al. 1937): float32 [F, BANDS]."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    centre = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    frequency = np.fft.rfftfreq(size, 1 / rate)[:, None]
    rise = (frequency - centre[:-2]) / (centre[1:-1] - centre[:-2])
    fall = (centre[2:] - frequency) / (centre[2:] - centre[1:-1])
    return np.clip(np.minimum(rise, fall), 0, None).astype(np.float32)
