from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest

from consilience.data.findings import NotApplicable


def picture(seed: int, side: int = 96) -> np.ndarray[Any, Any]:
    """A smooth random picture: uint8 [side, side, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (7, 7, 3)).astype(np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def digit(seed: int) -> np.ndarray[Any, Any]:
    """A slanted stroke, much like others: uint8 [28, 28]."""
    random = np.random.default_rng(seed)
    image = np.zeros((28, 28), np.uint8)
    top, low = int(random.integers(11, 18)), int(random.integers(10, 17))
    cv2.line(
        image,
        (top, int(random.integers(3, 7))),
        (low, int(random.integers(20, 25))),
        255,
        int(random.integers(2, 4)),
    )
    noise = random.integers(0, 50, image.shape).astype(np.uint8)
    return cv2.add(cv2.GaussianBlur(image, (3, 3), 0), noise)


def encoded(image: np.ndarray[Any, Any], suffix: str = ".png", quality: int = 90) -> bytes:
    return cv2.imencode(suffix, image, [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else [])[1].tobytes()


def test_copies_in_other_sizes_and_qualities(look: Any) -> None:
    images = [encoded(picture(i)) for i in range(80)]
    small = cv2.resize(picture(5), (60, 60), interpolation=cv2.INTER_AREA)
    images += [images[2], encoded(small), encoded(picture(7), ".jpg", 60)]
    (found,) = look("near_duplicate_image", {"scan": pl.Series(images), "y": ["k", "l"] * 41 + ["k"]}, "y")
    assert found.details["count"] == 3
    assert found.details["identical"] == 1
    assert set(found.rows) == {2, 80, 5, 81, 7, 82}
    assert found.details["other_label"] == 1


def test_across_tables_and_from_files(look: Any, tmp_path: Path) -> None:
    for i in range(60):
        (tmp_path / f"{i}.png").write_bytes(encoded(picture(i)))
    (tmp_path / "copy.jpg").write_bytes(encoded(picture(9), ".jpg"))
    pl.DataFrame({"scan": [f"{i}.png" for i in range(50)]}).write_csv(tmp_path / "train.csv")
    pl.DataFrame({"scan": [*[f"{i}.png" for i in range(50, 60)], "copy.jpg"]}).write_csv(tmp_path / "test.csv")
    (found,) = look("near_duplicate_image", tmp_path / "train.csv", test=tmp_path / "test.csv")
    assert found.rows == (10,)
    assert "1 of 11 rows of test.csv" in found.message


def test_pictures_that_are_much_alike_are_not_the_same(look: Any) -> None:
    images = [encoded(digit(i)) for i in range(600)]
    assert look("near_duplicate_image", {"digit": pl.Series(images)}) == []


def test_broken_and_missing_cells_are_passed_over(look: Any) -> None:
    images: list[Any] = [encoded(picture(i)) for i in range(40)]
    images[3], images[4] = None, images[3][:50]
    assert look("near_duplicate_image", {"scan": pl.Series(images)}) == []
    with pytest.raises(NotApplicable):
        look("near_duplicate_image", {"x": [1.5, 2.5] * 9})
