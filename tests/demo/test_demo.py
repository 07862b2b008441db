from __future__ import annotations

import io

import cv2
import numpy as np
import polars as pl
import pytest
import soundfile

from consilience.demo import TARGET, tables

TRAIN, TEST = (pl.read_parquet(path) for path in tables())


def test_the_sample_is_small_and_carries_its_licences() -> None:
    folder = tables()[0].parent
    assert sum(path.stat().st_size for path in tables()) < 3_000_000
    attribution = (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "CC BY-SA 4.0" in attribution
    assert "Permission is hereby granted" in (folder / "LICENCE-mnist-pngs.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("frame", "each"), [(TRAIN, 120), (TEST, 30)], ids=["train", "test"])
def test_every_digit_is_equally_frequent(frame: pl.DataFrame, each: int) -> None:
    assert frame.columns == ["image", "audio", TARGET]
    assert frame[TARGET].value_counts().sort(TARGET).rows() == [(digit, each) for digit in range(10)]


def test_no_picture_or_recording_appears_twice() -> None:
    both = pl.concat([TRAIN, TEST])
    assert both["image"].n_unique() == both["audio"].n_unique() == both.height


@pytest.mark.parametrize("frame", [TRAIN, TEST], ids=["train", "test"])
def test_every_cell_decodes(frame: pl.DataFrame) -> None:
    for cell in frame["image"]:
        pixels = cv2.imdecode(np.frombuffer(cell, np.uint8), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        assert pixels.shape == (28, 28)
        assert pixels.std() > 10
    for cell in frame["audio"]:
        wave, rate = soundfile.read(io.BytesIO(cell))
        assert rate == 8000
        assert 0.1 < len(wave) / rate < 0.7
        assert wave.std() > 0.01
