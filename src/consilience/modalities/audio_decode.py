"""From an audio file to samples. soundfile and soxr are imported on first use."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from consilience.modalities.media import Cell, UnreadableError
from consilience.modalities.soundtrack import is_video, measure_soundtrack, read_soundtrack

Wave = np.ndarray[Any, np.dtype[np.int16]]

HIGHEST_FILE_RATE = 768_000
"""Hz; a header that claims more is damaged."""
EDGE = 0.05
"""Seconds read beyond the cut, so that resampling does not hear the end."""


def measure(cell: Cell) -> tuple[int, float]:
    """Sample rate, Hz, and duration, seconds, from the header.

    Raises:
        UnreadableError: when there is no file, it is no audio, or it holds no samples.
    """
    if is_video(cell):
        return measure_soundtrack(cell)
    with _open(cell) as sound:
        return int(sound.samplerate), sound.frames / sound.samplerate


def read_wave(cell: Cell, rate: int, samples: int) -> Wave:
    """The first `samples` samples of a file as int16, channels averaged, resampled to `rate` Hz where needed.

    Raises:
        UnreadableError: when there is no file, it is no audio, or it holds no samples.
    """
    import soundfile

    if is_video(cell):
        track, found = read_soundtrack(cell, samples / rate + EDGE)
        return _mono(track, found, rate)[:samples]
    with _open(cell) as sound:
        found = int(sound.samplerate)
        try:
            if found == rate and sound.channels == 1 and sound.subtype == "PCM_16":
                wave: Wave = sound.read(samples, dtype="int16")
            else:
                most = samples if found == rate else int((samples / rate + EDGE) * found) + 1
                wave = _mono(sound.read(most, dtype="float32", always_2d=True), found, rate)[:samples]
        except soundfile.SoundFileError as error:
            raise UnreadableError(f"damaged audio file ({_reason(error)})") from None
    if not len(wave):
        raise UnreadableError("audio file without samples")
    return wave


def _mono(sound: np.ndarray[Any, Any], found: int, rate: int) -> Wave:
    """Float [n, channels] → int16 [m]."""
    wave: np.ndarray[Any, Any] = np.nan_to_num(sound.mean(1), nan=0.0, posinf=1.0, neginf=-1.0)
    if found != rate and len(wave):
        import soxr

        wave = soxr.resample(wave, found, rate)
    rounded: Wave = np.clip(np.rint(wave * 32768), -32768, 32767).astype(np.int16)
    return rounded


def _open(cell: Cell) -> Any:
    import soundfile

    try:
        sound = soundfile.SoundFile(cell if isinstance(cell, str) else io.BytesIO(cell))
    except soundfile.SoundFileError as error:
        raise UnreadableError(_why(cell, error)) from None
    except (OSError, ValueError, TypeError) as error:  # a null character, a raw format without parameters
        raise UnreadableError(f"not an audio file ({error})") from None
    if not sound.frames or not 0 < sound.samplerate <= HIGHEST_FILE_RATE:
        sound.close()
        raise UnreadableError("audio file without samples")
    return sound


def _why(cell: Cell, error: Exception) -> str:
    if isinstance(cell, str):
        if not os.path.exists(cell):
            return "file not found"
        if os.path.isdir(cell):
            return "is a folder"
        if not os.path.getsize(cell):
            return "file is empty"
    return f"not an audio file ({_reason(error)})"


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".").lower()
