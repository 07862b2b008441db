"""The sound of a video file as samples, through PyAV (FFmpeg's libraries), which is imported on first use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from consilience.modalities.media import Cell, UnreadableError, read_bytes
from consilience.modalities.video_decode import video_kind

HEAD_BYTES = 64
MICROSECONDS = 1_000_000


def is_video(cell: Cell) -> bool:
    """Whether a cell's file starts like a video container (a GIF, which has no sound, does not count)."""
    try:
        return video_kind(read_bytes(cell, HEAD_BYTES)[:HEAD_BYTES]) not in (None, "gif")
    except UnreadableError:
        return False


def measure_soundtrack(cell: Cell) -> tuple[int, float]:
    """Sample rate, Hz, and duration, seconds, from the header.

    Raises:
        UnreadableError: when PyAV is not installed, or the file has no sound.
    """
    with _opened(cell) as (container, stream):
        if stream.duration:
            return int(stream.rate), float(stream.duration * stream.time_base)
        return int(stream.rate), (container.duration or 0) / MICROSECONDS


def read_soundtrack(cell: Cell, seconds: float) -> tuple[np.ndarray[Any, Any], int]:
    """The first `seconds` of the sound, float32 [n, 1] in -1..1 with channels averaged, and its rate, Hz.

    Raises:
        UnreadableError: when PyAV is not installed, or the sound cannot be decoded.
    """
    av = import_module("av") if find_spec("av") else None
    with _opened(cell) as (container, stream):
        assert av is not None, "a file was opened with it"
        rate = int(stream.rate)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts, held = [], 0
        try:
            for frame in container.decode(stream):
                for part in resampler.resample(frame):
                    parts.append(part.to_ndarray().reshape(-1))
                    held += len(parts[-1])
                if held >= seconds * rate:
                    break
        except av.error.FFmpegError as error:
            raise UnreadableError(f"damaged soundtrack ({error.strerror})") from None
    if not held:
        raise UnreadableError("soundtrack without samples")
    return np.concatenate(parts)[: int(seconds * rate), None].astype(np.float32), rate


@contextmanager
def _opened(cell: Cell) -> Iterator[tuple[Any, Any]]:
    if find_spec("av") is None:
        raise UnreadableError('the sound of a video needs PyAV: pip install "consilience[video]"')
    av: Any = import_module("av")
    try:
        container = av.open(cell if isinstance(cell, str) else io.BytesIO(cell))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UnreadableError(f"damaged video file ({getattr(error, 'strerror', error)})") from None
    with container:
        if not container.streams.audio:
            raise UnreadableError("video file without sound")
        yield container, container.streams.audio[0]
