from __future__ import annotations

import io

import pytest
from PIL import Image

from consilience.modalities.image_header import kind_of, read_header
from consilience.modalities.media import UnreadableError

FORMATS = {
    "PNG": "png",
    "JPEG": "jpeg",
    "GIF": "gif",
    "BMP": "bmp",
    "WEBP": "webp",
    "TIFF": "tiff",
    "PPM": "pnm",
}


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (37, 23), 200 if mode in ("L", "P") else None).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_sizes_are_read_without_decoding(kind: str) -> None:
    header = read_header(encoded(kind))
    assert header[:3] == (FORMATS[kind], 37, 23)
    assert not header.alpha


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"progressive": True}), ("WEBP", {"lossless": True}), ("TIFF", {"big_tiff": True})],
)
def test_variants(kind: str, options: dict[str, object]) -> None:
    assert read_header(encoded(kind, **options))[1:3] == (37, 23)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_seen(kind: str) -> None:
    assert read_header(encoded(kind, "RGBA")).alpha


@pytest.mark.parametrize("kind", FORMATS)
def test_every_cut_header_is_refused_or_right(kind: str) -> None:
    data = encoded(kind)
    for length in range(min(len(data), 700)):
        try:
            header = read_header(data[:length])
        except UnreadableError as error:
            assert "header" in str(error) or "not an image" in str(error) or "without pixels" in str(error)  # noqa: PT017
        else:
            assert header[1:3] == (37, 23)


@pytest.mark.parametrize("data", [b"", b"hello", b"<html>", b"\x00" * 64, b"BMW is a car brand", b"%PDF-1.7"])
def test_other_files_are_no_images(data: bytes) -> None:
    assert kind_of(data) is None
    with pytest.raises(UnreadableError, match="not an image file"):
        read_header(data)
