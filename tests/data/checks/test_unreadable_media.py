from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest
import soundfile

from consilience.data.findings import NotApplicable


def folder(path: Path) -> Path:
    for i in range(30):
        cv2.imwrite(str(path / f"{i}.png"), np.full((20, 20), 8 * i, np.uint8))
        soundfile.write(path / f"{i}.wav", np.sin(np.arange(800) * (0.1 + i)), 8000)
    (path / "3.png").write_text("no picture at all")
    (path / "4.png").write_bytes((path / "5.png").read_bytes()[:40])
    (path / "7.wav").write_bytes(b"")
    names = {"scan": [f"{i}.png" for i in range(30)], "voice": [f"{i}.wav" for i in range(30)]}
    names["scan"][9] = "absent.png"
    pl.DataFrame({**names, "y": ["k", "l"] * 15}).write_csv(path / "t.csv")
    return path / "t.csv"


def test_rows_and_files_are_named(look: Any, tmp_path: Path) -> None:
    image, sound = look("unreadable_media", folder(tmp_path), "y")
    assert image.columns == ("scan",)
    assert image.rows == (3, 4, 9)
    assert "3 of 30 image cells" in image.message
    assert "3.png" in image.message
    assert sound.rows == (7,)


def test_nothing_readable_is_an_error(look: Any) -> None:
    cells = pl.Series([b"\x89PNG\r\n\x1a\n" + bytes(9 + i) for i in range(12)])
    (found,) = look("unreadable_media", {"scan": cells, "y": ["k", "l"] * 6}, "y")
    assert found.severity == "error"
    assert "12 of 12" in found.message


def test_good_files_and_no_files(look: Any) -> None:
    good = [cv2.imencode(".png", np.full((9, 9), i, np.uint8))[1].tobytes() for i in range(12)]
    heard: list[Any] = []
    assert look("unreadable_media", {"scan": pl.Series(good)}, listener=heard.append) == []
    assert heard[-1]["done"] == heard[-1]["total"] == 12
    with pytest.raises(NotApplicable):
        look("unreadable_media", {"a": [1.5, 2.5] * 9})
