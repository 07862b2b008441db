"""Figures of sounds: length, loudness and bands."""

from __future__ import annotations

import hashlib
from typing import Any, final

import numpy as np

SAMPLE_RATE = 8_000
MOST_SECONDS = 10


@final
class AudioFigures:
    """Duration, loudness, zero crossings and the shares of five bands of frequency."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        from consilience.modalities.audio_decode import measure, read_wave

        seconds = measure(cell)[1]
        wave = read_wave(cell, SAMPLE_RATE, SAMPLE_RATE * MOST_SECONDS).astype(np.float32) / 32768
        power = np.abs(np.fft.rfft(wave)) ** 2
        edges = np.searchsorted(np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE), (250, 500, 1000, 2000))
        bands = [float(part.sum()) for part in np.split(power, edges)]
        total = max(sum(bands), 1e-12)
        return {
            "seconds": float(seconds),
            "loudness": float(np.log10((wave**2).mean() + 1e-10)),
            "crossings": float((np.diff(np.signbit(wave)) != 0).mean()) if len(wave) > 1 else 0.0,
            **{f"band{i}": b / total for i, b in enumerate(bands)},
            "sha256": hashlib.sha256(cell).hexdigest() if isinstance(cell, bytes) else None,
        }
