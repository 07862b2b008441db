"""From a video file to a few frames, evenly spaced over its time. OpenCV is imported on first use.

Frames are taken at the middles of equal parts, as temporal segment networks see a video (Wang et al. 2016, arXiv
1608.00859). A short video is read from end to end, which never loses its place; of a long one the places are sought.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consilience.modalities.image_decode import opencv
from consilience.modalities.media import Cell, UnreadableError, beginning, no_file

Pixels = np.ndarray[Any, Any]

HEAD_BYTES = 64
READ_THROUGH = 600
"""Videos with no more frames are read from end to end; in longer ones the frames are sought."""
MOST_FRAMES = 5_000_000
"""A header that claims more frames is damaged (two days at 30 frames a second)."""
HIGHEST_RATE = 1_000.0
USUAL_RATE = 25.0
"""Frames a second where a header says nothing that can be."""
WHOLE = 0.8
"""Share of the announced frames and of the announced time that must be there; less is a file cut short."""


class VideoHeader(NamedTuple):
    """width, height: pixels as shown. rate: frames a second. frames: as announced, 0 where the header does not
    say. seconds: frames / rate."""

    width: int
    height: int
    rate: float
    frames: int

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


class Bounds(NamedTuple):
    """What a header may claim before a frame is decoded. pixels: of one frame. seconds: of the whole video."""

    pixels: int
    seconds: float


class Sampled(NamedTuple):
    """frames: BGR uint8 [h, w, 3], at most as many as asked for. times: their seconds from the start. seconds: of the
    whole video."""

    frames: list[Pixels]
    times: list[float]
    seconds: float


def video_kind(head: bytes) -> str | None:
    """Name of the video container that `head` starts like, or None. Play lists, which name other files, are none."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return None if brand[:3] in (b"M4A", b"M4B", b"avi", b"hei", b"hev", b"mif", b"msf") else "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:4] == b"\x00\x00\x01\xba" or (head[:1] == b"G" and len(head) > 8 and _packets(head)):
        return "mpeg"
    if head[:3] == b"FLV":
        return "flv"
    return None


def _packets(head: bytes) -> bool:
    """A transport stream: the sync byte, no error, a first packet of the tables (all in its first four bytes)."""
    return head[1] & 0x80 == 0 and head[1] & 0x40 != 0 and head[3] & 0x10 != 0 and head[4:5] in (b"\x00", b"\x01")


def measure_video(cell: Cell) -> VideoHeader:
    """
    Raises:
        UnreadableError: when there is no file, it is no video, or it has no picture.
    """
    with opened(cell) as (_, header):
        return header


@contextmanager
def opened(cell: Cell) -> Iterator[tuple[Any, VideoHeader]]:
    """A capture of OpenCV and its header inside the block. Bytes go through a temporary file that is always removed.

    Raises:
        UnreadableError: when there is no file, it is no video, or it has no picture.
    """
    head = _head(cell)
    if video_kind(head) is None:  # FFmpeg would also follow play lists to other files: only containers are opened
        raise UnreadableError(f"not a video file ({beginning(head)})")
    if isinstance(cell, str):
        with _capture(cell) as found:
            yield found
        return
    with tempfile.TemporaryDirectory(prefix="consilience-video-") as folder:
        path = Path(folder) / "video"
        path.write_bytes(cell)
        with _capture(str(path)) as found:
            yield found


def _head(cell: Cell) -> bytes:
    """The first bytes; a file on the disk may be of any size, as it is never held in memory."""
    if isinstance(cell, bytes):
        return cell[:HEAD_BYTES]
    try:
        with open(cell, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UnreadableError(no_file(error)) from None
    except ValueError:  # a null character in the path
        raise UnreadableError("not a path") from None
    if not head:
        raise UnreadableError("file is empty")
    return head


@contextmanager
def _capture(path: str) -> Iterator[tuple[Any, VideoHeader]]:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # failures are counted as Problems, not printed
    cv2 = opencv()
    try:
        # One thread: whole videos are decoded side by side, and frames come out the same everywhere.
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    except cv2.error as error:
        raise UnreadableError(f"damaged video file ({error.err or 'not decodable'})") from None
    try:
        if not capture.isOpened():
            raise UnreadableError("damaged video file, or one whose codec is not built in")
        yield capture, _header(capture, cv2)
    finally:
        capture.release()


def _header(capture: Any, cv2: Any) -> VideoHeader:
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width < 1 or height < 1:
        raise UnreadableError("video file without pictures")
    rate, frames = float(capture.get(cv2.CAP_PROP_FPS)), float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    rate = rate if math.isfinite(rate) and 0 < rate <= HIGHEST_RATE else USUAL_RATE
    return VideoHeader(width, height, rate, int(frames) if math.isfinite(frames) and frames > 0 else 0)


def check_header(header: VideoHeader, bounds: Bounds) -> None:
    """
    Raises:
        UnreadableError: when a frame has too many pixels or the video is too long.
    """
    if header.width * header.height > bounds.pixels:
        raise UnreadableError(
            f"{header.width} × {header.height} pixels, the limit is {bounds.pixels} "
            f"(raise it with --set prepare.max_pixels={header.width * header.height})"
        )
    if header.seconds > bounds.seconds or header.frames > MOST_FRAMES:
        raise UnreadableError(
            f"{header.seconds:.0f} s in {header.frames} frames, the limit is {bounds.seconds:.0f} s "
            f"(raise it with --set prepare.max_video_seconds={math.ceil(header.seconds)})"
        )


def sample_frames(cell: Cell, count: int, bounds: Bounds) -> Sampled:
    """At most `count` frames, evenly spaced over the video.

    Raises:
        UnreadableError: when there is no file, it is no video, its header passes `bounds`, or it is cut short.
    """
    with opened(cell) as (capture, header):
        check_header(header, bounds)
        if header.frames <= READ_THROUGH:
            return _read_through(capture, header, cell, count, bounds)
        found = _sought(capture, header, count)
    if found is not None:
        return found
    with opened(cell) as (capture, header):
        return _read_through(capture, header, cell, count, bounds)


def spaced(frames: int, count: int) -> list[int]:
    """Numbers of the frames in the middles of `count` equal parts of `frames`; all of them where there are fewer."""
    if frames <= count:
        return list(range(frames))
    return [int((2 * part + 1) * frames / (2 * count)) for part in range(count)]


def _sought(capture: Any, header: VideoHeader, count: int) -> Sampled | None:
    """None where a place cannot be reached: the header is wrong, or the file cannot be sought in."""
    cv2 = opencv()
    frames: list[Pixels] = []
    wanted = spaced(header.frames, count)
    for place in wanted:
        if not capture.set(cv2.CAP_PROP_POS_FRAMES, place):
            return None
        there, frame = capture.read()
        if not there or frame is None:
            return None
        frames.append(frame)
    return Sampled(frames, [place / header.rate for place in wanted], header.seconds)


def _read_through(capture: Any, header: VideoHeader, cell: Cell, count: int, bounds: Bounds) -> Sampled:
    """The frames at the announced places; where the announced number is wrong, a second time with the right one."""
    found, seen, last = _pass(capture, spaced(header.frames, count), header.rate, bounds)
    if not seen:
        raise UnreadableError("video file without frames")
    if header.frames and seen < WHOLE * header.frames and last < WHOLE * header.seconds:
        raise UnreadableError(f"video is cut short: {seen} of {header.frames} frames can be read")
    if seen != header.frames and spaced(seen, count) != spaced(header.frames, count):
        with opened(cell) as (again, _):
            found, seen, _ = _pass(again, spaced(seen, count), header.rate, bounds)
    return Sampled([f for f, _ in found], [t for _, t in found], seen / header.rate)


def _pass(
    capture: Any, wanted: Sequence[int], rate: float, bounds: Bounds
) -> tuple[list[tuple[Pixels, float]], int, float]:
    """[(frame, seconds)] at the wanted places, how many frames there are, and the last one's time, seconds."""
    cv2 = opencv()
    places, found, seen, last = set(wanted), [], 0, 0.0
    while capture.grab():
        if seen in places:
            there, frame = capture.retrieve()
            if there and frame is not None:
                found.append((frame, seen / rate))
        last = max(last, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, seen / rate)
        seen += 1
        if seen > MOST_FRAMES or seen / rate > 2 * bounds.seconds:  # a header that said nothing, or too little
            raise UnreadableError(f"video goes on after {seen / rate:.0f} s, the limit is {bounds.seconds:.0f} s")
    return found, seen, last
