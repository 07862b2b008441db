from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image as Picture

from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.modalities.image import Image

RANDOM = np.random.default_rng(0)


def encoded(image: Any, kind: str = "PNG", **options: Any) -> bytes:
    picture = image if isinstance(image, Picture.Image) else Picture.fromarray(image)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def learned(cells: list[Any], **settings: Any) -> dict[str, Any]:
    return Image.learn({"i": column(cells)}, Prepare(**settings))


def column(cells: list[Any]) -> pl.Series:
    return pl.Series("i", cells, dtype=pl.String if any(isinstance(c, str) for c in cells) else pl.Binary)


def pixels(cells: list[Any], facts: dict[str, Any]) -> np.ndarray[Any, Any]:
    arrays, problems = Image.arrays({"i": column(cells)}, facts)
    assert not problems
    found: np.ndarray[Any, Any] = arrays["pixels"][:, 0]
    return found


def noise(*shape: int) -> np.ndarray[Any, Any]:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def test_grey_images_of_the_canonical_size_keep_their_pixels() -> None:
    images = [noise(28, 28) for _ in range(5)]
    facts = learned([encoded(i) for i in images], image_size=64)
    assert (facts["height"], facts["width"], facts["channels"]) == (28, 28, 1)
    assert np.array_equal(pixels([encoded(i) for i in images], facts)[..., 0], np.stack(images))


def test_colour_images_are_rgb() -> None:
    red = np.zeros((20, 20, 3), np.uint8)
    red[..., 0] = 250
    facts = learned([encoded(red)])
    assert facts["channels"] == 3
    assert facts["mean"] == pytest.approx([250 / 255, 0, 0])
    assert np.array_equal(pixels([encoded(red)], facts)[0], red)


def test_grey_pictures_stored_in_colour_count_as_grey() -> None:
    grey = np.repeat(noise(16, 16, 1), 3, 2)
    assert learned([encoded(grey)])["channels"] == 1
    assert learned([encoded(grey), encoded(noise(16, 16, 3))])["channels"] == 3


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "JPEG"])
def test_formats(kind: str) -> None:
    image = np.zeros((24, 32), np.uint8)
    image[:, 16:] = 200
    picture = Picture.fromarray(image).convert("RGB") if kind in ("WEBP", "PPM") else image
    data = encoded(picture, kind, **({"lossless": True} if kind == "WEBP" else {}))
    facts = learned([data])
    assert (facts["height"], facts["width"]) == (24, 32)
    assert np.abs(pixels([data], facts)[0, :, :, 0].astype(int) - image).max() <= (12 if kind == "JPEG" else 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_rotation_is_honoured(kind: str) -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255  # left half
    exif = Picture.Exif()
    exif[0x112] = 6  # shown turned a quarter clockwise: the left half is the top
    data = encoded(image, kind, exif=exif)
    facts = learned([data])
    assert (facts["height"], facts["width"]) == (40, 20)
    shown = pixels([data], facts)[0, :, :, 0]
    assert shown[:15].min() > 200
    assert shown[25:].max() < 60


def test_aspect_ratio_is_kept_and_the_border_has_the_mean_colour() -> None:
    tall, wide = np.full((40, 20), 200, np.uint8), np.full((20, 40), 200, np.uint8)
    facts = learned([encoded(wide)] * 3)
    assert (facts["height"], facts["width"]) == (20, 40)
    facts["fill"] = [7]
    shown = pixels([encoded(tall)], facts)[0, :, :, 0]
    assert (shown[:, 15:25] == 200).all()
    assert (shown[:, :15] == 7).all()
    assert (shown[:, 25:] == 7).all()


def test_sizes_follow_the_training_rows_and_never_exceed_the_limit() -> None:
    facts = learned([encoded(noise(h, w)) for h, w in ((100, 200), (60, 120), (300, 600))], image_size=64)
    assert (facts["height"], facts["width"]) == (32, 64)
    facts = learned([encoded(noise(10, 20))] * 3, image_size=64)
    assert (facts["height"], facts["width"]) == (10, 20)
    facts = learned([encoded(noise(1, 500))], image_size=32)
    assert facts["height"] >= 8


def test_shrinking_averages_areas() -> None:
    board = np.indices((64, 64)).sum(0) % 2 * 255
    facts = learned([encoded(board.astype(np.uint8))], image_size=16)
    assert np.abs(pixels([encoded(board.astype(np.uint8))], facts)[0].astype(int) - 128).max() <= 2


def test_a_large_jpeg_is_decoded_reduced_to_the_same_picture() -> None:
    image = np.zeros((800, 800), np.uint8)
    image[200:600, 200:600] = 220
    shown = pixels([encoded(image, "JPEG")], learned([encoded(image, "JPEG")], image_size=40))[0, :, :, 0]
    assert shown.shape == (40, 40)
    assert shown[12:28, 12:28].min() > 200
    assert shown[:8].max() < 20


def test_sixteen_bits_are_scaled_by_the_training_rows_white() -> None:
    twelve = (np.arange(256, dtype=np.uint16).reshape(16, 16) * 16) + 15
    facts = learned([encoded(twelve)])
    assert facts["white16"] == 4095
    shown = pixels([encoded(twelve)], facts)[0, :, :, 0]
    assert shown.max() == 255
    assert np.abs(shown.astype(int) - np.arange(256).reshape(16, 16)).max() <= 1
    full = np.full((16, 16), 65535, np.uint16)
    assert pixels([encoded(full)], facts).min() == 255


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_transparent_ground_contrasts_with_what_is_drawn(ink: int, ground: int) -> None:
    image = np.zeros((16, 16, 4), np.uint8)
    image[4:12, 4:12] = [ink, ink, ink, 255]
    facts = learned([encoded(image)])
    shown = pixels([encoded(image)], facts)[0, :, :, 0]
    assert (shown[4:12, 4:12] == ink).all()
    assert shown[0, 0] == ground


def test_palettes_with_transparency_are_composited() -> None:
    picture = Picture.new("P", (16, 16), 0)
    picture.putpalette([255, 0, 0, 0, 0, 200])
    picture.paste(1, (4, 4, 12, 12))
    data = encoded(picture, transparency=0)
    shown = pixels([data], learned([data]))[0]
    assert shown[8, 8].tolist() == [0, 0, 200]
    assert shown[0, 0].tolist() == [255, 255, 255]


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def test_too_many_pixels_are_refused_before_decoding() -> None:
    facts = learned([encoded(noise(16, 16))])
    arrays, problems = Image.arrays({"i": column([bomb(100_000, 100_000)])}, facts)
    assert not arrays["mask"].any()
    assert "100000 × 100000 pixels, the limit is 64000000" in problems[0].examples[0]
    assert "--set prepare.max_pixels=10000000000" in problems[0].examples[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.95])
def test_files_cut_short_are_missing_and_counted(kind: str, part: float) -> None:
    data = encoded(noise(40, 40, 3), kind)
    cut = data[: max(1, int(part * len(data)))]
    arrays, problems = Image.arrays({"i": column([data, cut])}, learned([data]))
    assert [(p.code, p.column, p.count, p.rows) for p in problems] == [("unreadable_media", "i", 1, [1])]
    assert arrays["mask"][:, 0].tolist() == [True, False]
    assert not arrays["pixels"][1].any()


def test_a_thumbnail_does_not_make_a_cut_jpeg_whole() -> None:
    exif = b"Exif\0\0" + encoded(noise(8, 8), "JPEG")
    data = encoded(noise(40, 40), "JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    facts = learned([data])
    assert pixels([data], facts).any()
    assert Image.arrays({"i": column([data[:-200]])}, facts).problems[0].count == 1


def test_paths_and_bad_files_name_the_file(tmp_path: Path) -> None:
    good, text, empty = tmp_path / "好.png", tmp_path / "text.png", tmp_path / "empty.png"
    good.write_bytes(encoded(noise(16, 16)))
    text.write_text("this is no image")
    empty.write_bytes(b"")
    facts = learned([str(good)])
    cells = [str(good), str(text), None, "", str(empty), str(tmp_path / "gone.png"), str(tmp_path), "a\0b"]
    arrays, problems = Image.arrays({"i": column(cells)}, facts)
    assert arrays["mask"][:, 0].tolist() == [True] + [False] * 7
    (problem,) = problems
    assert (problem.count, problem.rows) == (5, [1, 4, 5, 6, 7])
    assert problem.examples[0] == f"{text}: not an image file (starts with b'this is no i')"
    assert problem.examples[1].endswith("empty.png: file is empty")
    assert problem.examples[2].endswith("gone.png: file not found")


def test_nothing_readable_is_an_error_and_nothing_there_is_none() -> None:
    with pytest.raises(InputError, match=r"column 'i': none of the 2 image cells .*not an image file"):
        learned([b"hello world", b"hello again", None])
    facts = learned([None, None])
    assert not Image.arrays({"i": column([None])}, facts).arrays["mask"].any()


def test_scores_open_no_file() -> None:
    assert Image.score(pl.Series(["/nowhere/a.PNG", "b.jpeg"])).score > 0.9
    assert Image.score(pl.Series(["a.png is a file", "nothing"])).score < 0.3
    assert Image.score(pl.Series(["http://x.org/a.png"])).score == 0
    assert Image.score(pl.Series([encoded(noise(8, 8))])).score > 0.9
    assert Image.score(pl.Series([b"abc"])).score == 0
    assert Image.score(pl.Series([1, 2])).score == 0
