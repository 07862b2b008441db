"""Size and kind of an image from its first bytes: no pixel is decoded, so that a bomb costs nothing."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from consilience.modalities.media import UnreadableError, beginning


class Header(NamedTuple):
    """kind: png, jpeg … width, height: pixels as stored (before EXIF rotation). alpha: may be transparent.
    frame: byte at which a JPEG's own frame starts, behind any thumbnail in its metadata."""

    kind: str
    width: int
    height: int
    alpha: bool = False
    frame: int = 0


JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
TIFF_SIZES = {1: "B", 3: "H", 4: "I", 16: "Q"}
PNM_SIZE = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
TIFF_WIDTH, TIFF_HEIGHT, TIFF_SAMPLES = 256, 257, 277


def kind_of(data: bytes) -> str | None:
    """Name of the image format that `data` starts like, or None."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if data[:2] == b"BM" and data[14:15] in (b"\x0c", b"\x28", b"\x38", b"\x34", b"\x40", b"\x6c", b"\x7c"):
        return "bmp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    if data[:12] == b"\0\0\0\x0cjP  \r\n\x87\n":
        return "jp2"
    if data[:1] == b"P" and data[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6") and data[2:3].isspace():
        return "pnm"
    return None


def read_header(data: bytes) -> Header:
    """The header of a whole image file.

    Raises:
        UnreadableError: when the bytes are no image of a known format or end within the header.
    """
    kind = kind_of(data)
    if kind is None:
        raise UnreadableError(f"not an image file ({beginning(data)})")
    try:
        header = READERS[kind](data)
    except (struct.error, IndexError, ValueError):
        raise UnreadableError(f"damaged {kind} header") from None
    if header.width < 1 or header.height < 1:
        raise UnreadableError(f"{kind} image without pixels")
    return header


def _png(data: bytes) -> Header:
    width, height, _, color = struct.unpack_from(">IIBB", data, 16)
    alpha = color in (4, 6) or (color == 3 and data.find(b"tRNS", 33, 4096) > 0)
    return Header("png", width, height, alpha)


def _jpeg(data: bytes) -> Header:
    place = 2
    while True:
        while data[place] != 0xFF:  # stray bytes between segments
            place += 1
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 4)
            return Header("jpeg", width, height, frame=place)
        if marker == 0xDA or marker == 0xD9:
            raise ValueError("no frame before the scan")
        place += 1 if 0xD0 <= marker <= 0xD8 or marker == 0x01 else 1 + struct.unpack_from(">H", data, place + 1)[0]


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    control = data.find(b"\x21\xf9\x04", 13, 13 + 768 + 64)
    return Header("gif", width, height, control > 0 and bool(data[control + 3] & 1))


def _webp(data: bytes) -> Header:
    form = data[12:16]
    if form == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return Header("webp", width, int.from_bytes(data[27:30], "little") + 1, bool(data[20] & 0x10))
    if form == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1))
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF)
    raise ValueError("unknown WebP form")


def _bmp(data: bytes) -> Header:
    if data[14] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        return Header("bmp", width, height)
    width, height = struct.unpack_from("<ii", data, 18)
    return Header("bmp", width, abs(height))  # the fourth byte of 32-bit pixels is rarely meant as alpha


def _tiff(data: bytes) -> Header:
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:3] == b"+" or data[3:4] == b"+"
    place = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), data, place)[0]
    place, step, at = (place + 8, 20, 12) if big else (place + 2, 12, 8)
    found = {TIFF_SAMPLES: 1}
    for entry in range(min(count, 512)):
        tag, size = struct.unpack_from(order + "HH", data, place + entry * step)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT, TIFF_SAMPLES) and size in TIFF_SIZES:
            found[tag] = struct.unpack_from(order + TIFF_SIZES[size], data, place + entry * step + at)[0]
    return Header("tiff", found.get(TIFF_WIDTH, 0), found.get(TIFF_HEIGHT, 0), found[TIFF_SAMPLES] in (2, 4))


def _boxed(kind: str, name: bytes, skip: int, height_first: bool) -> Callable[[bytes], Header]:
    def read(data: bytes) -> Header:
        place = data.index(name)
        first, second = struct.unpack_from(">II", data, place + 4 + skip)
        return Header(kind, second, first) if height_first else Header(kind, first, second)

    return read


def _pnm(data: bytes) -> Header:
    found = PNM_SIZE.match(data)
    if found is None:
        raise ValueError("no size")
    return Header("pnm", int(found[1]), int(found[2]))


READERS: dict[str, Callable[[bytes], Header]] = {
    "avif": _boxed("avif", b"ispe", 4, height_first=False),
    "bmp": _bmp,
    "gif": _gif,
    "jp2": _boxed("jp2", b"ihdr", 0, height_first=True),
    "jpeg": _jpeg,
    "png": _png,
    "pnm": _pnm,
    "tiff": _tiff,
    "webp": _webp,
}
