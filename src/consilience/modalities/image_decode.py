"""From the bytes of an image file to pixels of one size. OpenCV is imported on first use."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from consilience.modalities.image_header import Header, read_header
from consilience.modalities.media import Cell, UnreadableError, read_bytes

Pixels = np.ndarray[Any, Any]
HEAD_BYTES = 1 << 18
"""Read of a file when only its header is wanted: photographs put previews and colour profiles before it."""
PNG_END = b"IEND\xaeB`\x82"


@cache
def opencv() -> Any:
    """The library, told not to print its complaints: every failure is counted as a Problem instead."""
    library: Any = importlib.import_module("cv2")
    library.utils.logging.setLogLevel(library.utils.logging.LOG_LEVEL_SILENT)
    return library


def open_header(cell: Cell, max_pixels: int) -> Header:
    """The header of a cell's file without reading the rest, where the header stands at the front.

    Raises:
        UnreadableError: when there is no file, it is no image, or it is too large.
    """
    data = read_bytes(cell, HEAD_BYTES)
    try:
        return _checked(data, max_pixels)
    except UnreadableError:
        if len(data) < HEAD_BYTES:
            raise
    return open_image(cell, max_pixels)[1]


def open_image(cell: Cell, max_pixels: int) -> tuple[bytes, Header]:
    """The bytes and the header of a cell's file, refused before decoding when it has too many pixels.

    Raises:
        UnreadableError: when there is no file, it is no image, or it is too large.
    """
    data = read_bytes(cell)
    return data, _checked(data, max_pixels)


def _checked(data: bytes, max_pixels: int) -> Header:
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise UnreadableError(
            f"{header.width} × {header.height} pixels, the limit is {max_pixels} "
            f"(raise it with --set prepare.max_pixels={header.width * header.height})"
        )
    return header


def decode(data: bytes, header: Header, grey: bool, target: int) -> Pixels:
    """Pixels [h, w], [h, w, 3] (BGR) or [h, w, 4] (BGRA), uint8 or uint16, turned as EXIF says.

    grey: one channel is enough. target: longest side that is needed; large JPEGs are decoded at a half to an
    eighth of their size as long as that leaves twice the target.

    Raises:
        UnreadableError: when the file is cut short or damaged, or its pixels are no 8- or 16-bit integers.
    """
    if header.kind == "jpeg" and data.rfind(b"\xff\xd9", header.frame) < 0:
        raise UnreadableError("jpeg file is cut short")
    return decode_as(data, header.kind, flags_for(header, grey, target))


def decode_as(data: bytes, kind: str, flags: int) -> Pixels:
    """`decode` with the flags already known, and no look at a JPEG's end."""
    if kind == "png" and not data.endswith(PNG_END) and data.rfind(b"IEND") < 0:
        raise UnreadableError("png file is cut short")
    cv2 = opencv()
    try:
        pixels: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise UnreadableError(f"damaged {kind} file ({error.err or 'not decodable'})") from None
    if pixels is None:
        raise UnreadableError(f"damaged {kind} file")
    if pixels.dtype != np.uint8 and pixels.dtype != np.uint16:
        raise UnreadableError(f"pixels are {pixels.dtype}, only 8- and 16-bit integers are read")
    return pixels


def flags_for(header: Header, grey: bool, target: int) -> int:
    """What OpenCV is told: see `decode`. Transparency is only kept by a mode that ignores EXIF."""
    cv2 = opencv()
    if header.alpha:
        return int(cv2.IMREAD_UNCHANGED)
    if header.kind == "jpeg":
        longest = max(header.width, header.height)
        for part in (8, 4, 2):
            if longest >= 2 * part * target:
                return int(getattr(cv2, f"IMREAD_REDUCED_{'GRAYSCALE' if grey else 'COLOR'}_{part}"))
    return int((cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR) | cv2.IMREAD_ANYDEPTH)


def flatten(pixels: Pixels, background: int) -> Pixels:
    """Pixels without the fourth channel: laid over `background` (0 black, 255 white) where transparent."""
    if pixels.ndim < 3 or pixels.shape[2] != 4:
        return pixels
    white = np.iinfo(pixels.dtype).max
    alpha = pixels[:, :, 3:].astype(np.float32) / white
    mixed = pixels[:, :, :3] * alpha + (background / 255 * white) * (1 - alpha)
    return (mixed + 0.5).astype(pixels.dtype)


def to_8_bits(pixels: Pixels, white: int) -> Pixels:
    """16-bit pixels scaled so that `white` becomes 255; 8-bit pixels as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    return (np.minimum(pixels, white) * (255 / white) + 0.5).astype(np.uint8)


def shrink(pixels: Pixels, height: int, width: int) -> Pixels:
    """Pixels scaled to fit within height × width, aspect ratio kept; area-averaged when shrinking."""
    tall, wide = pixels.shape[:2]
    scale = min(height / tall, width / wide)
    size = (max(1, min(width, round(wide * scale))), max(1, min(height, round(tall * scale))))
    if size == (wide, tall):
        return pixels
    cv2 = opencv()
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))


def channels_of(pixels: Pixels, channels: int) -> Pixels:
    """[h, w] or BGR [h, w, 3] as [h, w, 1] grey or [h, w, 3] RGB."""
    cv2 = opencv()
    if channels == 1:
        return (cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels)[:, :, np.newaxis]
    if pixels.ndim == 2:
        return np.broadcast_to(pixels[:, :, np.newaxis], (*pixels.shape, 3))
    return pixels[:, :, ::-1]
