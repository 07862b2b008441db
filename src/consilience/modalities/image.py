"""Images: uint8 pixels of one size, aspect ratio kept, the border in the training rows' mean colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.form import Extent, Form, file_form
from consilience.modalities.image_decode import (
    Pixels,
    channels_of,
    decode,
    decode_as,
    flags_for,
    flatten,
    open_header,
    open_image,
    shrink,
    to_8_bits,
)
from consilience.modalities.image_header import Header, kind_of, read_header
from consilience.modalities.media import (
    Cell,
    UnreadableError,
    guess_media,
    located,
    none_readable,
    read_bytes,
    sampled,
    unreadable,
)

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

EXTENSIONS = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".pgm",
        ".ppm",
        ".pbm",
        ".pnm",
        ".jp2",
        ".avif",
        ".heic",
    )
)
DEFAULT_SIZE = 64
SMALLEST = 8
"""Least height and width of the canonical image, pixels."""
DECODED = 512
"""Training images that are decoded for statistics at most, fewer when they are large:"""
DECODED_PIXELS = 1_000_000_000
PNG_HEAD, PNG_COLOUR, PNG_PALETTE = 33, 25, 3
"""Bytes of a PNG before its first chunk, with size, depth and colour type at 25; type 3 may have
transparency."""
GREY_TOLERANCE = 8
"""Largest difference of the colour channels in a grey image (0..255): JPEG colour rounds."""


def _extent(data: bytes) -> Extent:
    header = read_header(data)
    return Extent(header.width, header.height)


@final
class Image:
    """pixels uint8 [N, C, H, W, K], mask bool [N, C]; K = 1 if every training image is grey, else 3 (RGB).

    With `prepare.keep_size` also size int32 [N, C, 2], each image's own height and width, turned as EXIF says.
    """

    media: ClassVar[bool] = True
    form: ClassVar[Form] = file_form("an image file", "image/*", _extent)

    @staticmethod
    def score(column: pl.Series) -> Guess:
        return guess_media(column, "image", EXTENSIONS, kind_of)

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; height, width, channels K; mean, std [K] (0..1 scale, border left out); white16,
        the 16-bit value that is white; background (0 or 255) behind transparent pixels; fill [K], the
        border's colour; max_pixels.

        Raises:
            InputError: when a column has cells and not one of them can be read.
        """
        longest = settings.image_size or DEFAULT_SIZE
        opened = [pair for name, series in columns.items() for pair in _open(name, series, settings)]
        facts: Facts = {"columns": list(columns), "max_pixels": settings.max_pixels}
        if settings.keep_size:
            facts["keep_size"] = True
        if not opened:  # every cell is missing
            blank = {
                "channels": 1,
                "mean": [0.0],
                "std": [1.0],
                "white16": 65535,
                "background": 255,
                "fill": [0],
            }
            return {**facts, "height": longest, "width": longest, **blank}
        longest = min(longest, round(float(np.median([max(h.width, h.height) for _, h in opened]))))
        average = float(np.mean([h.width * h.height for _, h in opened]))
        most = int(min(DECODED, max(64, DECODED_PIXELS // average)))
        chosen = [opened[i] for i in np.unique(np.linspace(0, len(opened) - 1, most).astype(int))]
        images = _decode_sample(chosen, longest, settings.max_pixels)
        if not images:
            raise none_readable(", ".join(columns), "image", [f"{_name(c)}: damaged file" for c, _ in chosen])
        aspect = float(np.median([i.shape[0] / i.shape[1] for i in images]))
        height, width = (longest, longest / aspect) if aspect > 1 else (longest * aspect, longest)
        return {
            **facts,
            "height": max(SMALLEST, round(height)),
            "width": max(SMALLEST, round(width)),
            **_statistics(images),
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        shape = (rows, len(facts["columns"]), facts["height"], facts["width"], facts["channels"])
        pixels = np.zeros(shape, np.uint8)
        mask = np.zeros(shape[:2], bool)
        sizes = np.zeros((*shape[:2], 2), np.int32)
        problems: list[Problem] = []
        decoder = Decoder(facts)
        for place, name in enumerate(facts["columns"]):
            failures: list[tuple[int, Cell, str]] = []
            canvas, found = pixels[:, place], []
            for row, cell in located(columns[name]):
                try:
                    sizes[row, place] = decoder.fill(cell, canvas[row])
                    found.append(row)
                except UnreadableError as error:
                    failures.append((row, cell, str(error)))
            mask[found, place] = True
            problems += unreadable(name, failures)
        own = {"size": sizes} if facts.get("keep_size") else {}
        return Prepared({"pixels": pixels, "mask": mask, **own}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


@final
class Decoder:
    """Decodes cells to the facts' canonical form."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._shape = (facts["height"], facts["width"])
        self._grey = facts["channels"] == 1
        self._heads: dict[bytes, int] = {}

    def fill(self, cell: Cell, out: Pixels) -> tuple[int, int]:
        """Decode a cell into `out` uint8 [H, W, K]; nothing is written when it cannot be read. Returns the image's own
        height and width.

        Raises:
            UnreadableError: saying why.
        """
        data = cell if type(cell) is bytes else read_bytes(cell)
        known = self._heads.get(data[:PNG_HEAD])
        pixels, size = self._open(data) if known is None else (decode_as(data, "png", known), None)
        if self._grey and pixels.shape == self._shape and pixels.dtype == np.uint8:
            out[:, :, 0] = pixels
        else:
            self._fit(pixels, out)
        return size or (pixels.shape[0], pixels.shape[1])

    def _open(self, data: bytes) -> tuple[Pixels, tuple[int, int]]:
        data, header = open_image(data, self._facts["max_pixels"])
        target = max(self._shape)
        if header.kind == "png" and data[PNG_COLOUR] != PNG_PALETTE:
            # These bytes settle a PNG's header: the next one that starts so needs no reading.
            self._heads[data[:PNG_HEAD]] = flags_for(header, self._grey, target)
        pixels = decode(data, header, self._grey, target)
        turned = (pixels.shape[0] > pixels.shape[1]) != (header.height > header.width)
        return pixels, (header.width, header.height) if turned else (header.height, header.width)

    def _fit(self, pixels: Pixels, out: Pixels) -> None:
        facts = self._facts
        pixels = shrink(flatten(pixels, facts["background"]), *self._shape)
        pixels = channels_of(to_8_bits(pixels, facts["white16"]), facts["channels"])
        tall, wide = pixels.shape[:2]
        if (tall, wide) != self._shape:
            top, left = (self._shape[0] - tall) // 2, (self._shape[1] - wide) // 2
            out[:] = facts["fill"]
            out = out[top : top + tall, left : left + wide]
        out[:] = pixels


class Opened(NamedTuple):
    cell: Cell
    header: Header


def _open(name: str, series: pl.Series, settings: Prepare) -> list[Opened]:
    """Headers of a sample of a column's cells."""
    found, failures = [], []
    for cell in sampled(series):
        try:
            found.append(Opened(cell, open_header(cell, settings.max_pixels)))
        except UnreadableError as error:
            failures.append(f"{_name(cell)}: {error}")
    if failures and not found:
        raise none_readable(name, "image", failures)
    return found


def _decode_sample(chosen: list[Opened], longest: int, max_pixels: int) -> list[Pixels]:
    """Small versions in colour, transparency and bit depth kept; damaged files are left out."""
    images = []
    for cell, header in chosen:
        try:
            data, _ = open_image(cell, max_pixels)
            images.append(shrink(decode(data, header, False, longest), longest, longest))
        except UnreadableError:
            continue  # `arrays` counts it
    return images


def _statistics(images: list[Pixels]) -> Facts:
    deep = [int(i[..., :3].max()) for i in images if i.dtype == np.uint16]
    white16 = 2 ** max(8, int(np.ceil(np.log2(max(deep) + 1)))) - 1 if deep else 65535
    background = _background(images)
    flat = [to_8_bits(flatten(i, background), white16) for i in images]
    channels = 1 if all(_is_grey(i) for i in flat) else 3
    values = np.concatenate([channels_of(i, channels).reshape(-1, channels) for i in flat]).astype(np.float64)
    mean, std = values.mean(0) / 255, values.std(0) / 255
    return {
        "channels": channels,
        "mean": [float(m) for m in mean],
        "std": [float(s) if s > 0 else 1.0 for s in std],
        "white16": white16,
        "background": background,
        "fill": [round(float(m) * 255) for m in mean],
    }


def _background(images: list[Pixels]) -> int:
    """Black behind what is mostly light, else white: a drawing on transparent ground must stay visible."""
    light, weight = 0.0, 0.0
    for image in images:
        if image.ndim == 3 and image.shape[2] == 4:
            scaled = image.astype(np.float64) / np.iinfo(image.dtype).max
            light += float((scaled[:, :, :3].mean(2) * scaled[:, :, 3]).sum())
            weight += float(scaled[:, :, 3].sum())
    return 0 if weight and light / weight > 0.5 else 255


def _is_grey(image: Pixels) -> bool:
    if image.ndim == 2:
        return True
    channels = image.astype(np.int16)
    return bool((channels.max(2) - channels.min(2)).max() <= GREY_TOLERANCE)


def _name(cell: Any) -> str:
    return cell if isinstance(cell, str) else "bytes"
