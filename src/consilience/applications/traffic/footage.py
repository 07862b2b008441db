"""Reading a video frame by frame, and writing the annotated one; at no time is more than one frame in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from consilience.applications.traffic.detections import Frame
from consilience.core.errors import InputError
from consilience.modalities.image_decode import opencv
from consilience.modalities.media import UnreadableError
from consilience.modalities.video_decode import VideoHeader, measure_video, opened

ENOUGH = 15.0
"""Frames a second that are looked at; faster videos are thinned evenly."""
LARGEST = 64_000_000
"""Pixels of a frame."""


class Shot(NamedTuple):
    """number: of the frame in the file, from 0. seconds: from the start."""

    number: int
    seconds: float
    frame: Frame


def look_at(video: Path) -> VideoHeader:
    """
    Raises:
        InputError: when the file is no video that can be read.
    """
    try:
        header = measure_video(str(video))
    except UnreadableError as error:
        raise InputError(f"the video cannot be read: {error}", where=str(video)) from None
    if header.width * header.height > LARGEST:
        size = f"{header.width} × {header.height}"
        raise InputError(f"frames of {size} pixels, the limit is {LARGEST:,} pixels", where=str(video))
    return header


def every_nth(header: VideoHeader) -> int:
    """Which frames are looked at: each, each second, … so that about ENOUGH a second are."""
    return max(1, int(header.rate / ENOUGH))


def shots(video: Path, step: int) -> Iterator[Shot]:
    """Each `step`-th frame, in order. Time is the file's own where it goes forward, else counted by the rate."""
    cv2 = opencv()
    with opened(str(video)) as (capture, header):
        number, last = 0, -1.0
        while capture.grab():
            told = float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            seconds = told if told > last else last + 1 / header.rate
            seconds = max(seconds, 0.0)
            if number % step == 0:
                there, frame = capture.retrieve()
                if there and frame is not None:
                    yield Shot(number, seconds, frame)
            last = seconds
            number += 1


@contextmanager
def writer(path: Path, rate: float, size: tuple[int, int]) -> Iterator[Any]:
    """A function that takes frames of `size` (height, width), into an MPEG-4 file.

    Raises:
        InputError: when this build of OpenCV cannot write one.
    """
    cv2 = opencv()
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size[::-1])
    if not out.isOpened():
        raise InputError("this OpenCV writes no MPEG-4 video", where=str(path), fix="Leave it out: --no-video")
    try:
        yield out.write
    finally:
        out.release()
