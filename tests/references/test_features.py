from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from consilience.references import features
from consilience.references.base import Rows
from consilience.references.features import choose_rows, count_rows, read_matrix, read_texts
from consilience.references.images import THUMBNAIL, image_width, summarise_images
from consilience.references.majority import majority_predictions
from consilience.references.sounds import SEGMENTS, sound_width, summarise_sounds

from .mixed_rows import make


@pytest.mark.parametrize(("height", "width", "channels"), [(28, 28, 1), (30, 17, 3), (5, 9, 1)])
def test_thumbnails(height: int, width: int, channels: int) -> None:
    pixels = np.full((3, 2, height, width, channels), 51, dtype=np.uint8)
    mask = np.array([[True, True], [True, False], [False, False]])
    found = summarise_images(pixels, mask)
    assert found.shape == (3, 2 * image_width(channels))
    assert found[0] == pytest.approx(0.2)
    each = image_width(channels)
    assert np.isnan(found[1, each:]).all()
    assert not np.isnan(found[1, :each]).any()
    assert np.isnan(found[2]).all()


def test_thumbnails_keep_places() -> None:
    pixels = np.zeros((1, 1, 28, 28, 1), dtype=np.uint8)
    pixels[0, 0, :2, -2:] = 255
    grid = summarise_images(pixels, np.ones((1, 1), bool)).reshape(THUMBNAIL, THUMBNAIL)
    assert grid[0, -1] == 1
    assert grid.sum() == 1


def test_sounds_of_any_length() -> None:
    rate = 8000
    wave = np.zeros((5, 1, 8000), dtype=np.int16)
    tone = 10_000 * np.sin(2 * np.pi * 1000 * np.arange(8000) / rate)
    wave[0, 0], wave[1, 0, :4000] = tone, tone[:4000]
    length = np.array([[8000], [4000], [1], [0], [8000]], dtype=np.int32)
    mask = np.array([[True], [True], [True], [False], [True]])
    found = summarise_sounds(wave, length, mask, rate)
    assert found.shape == (5, sound_width())
    assert np.isfinite(found[[0, 1, 2, 4]]).all()
    assert np.isnan(found[3]).all()
    bands = found[:2, : SEGMENTS * 20].reshape(2, SEGMENTS, 20)
    assert (bands.argmax(2) == bands[0, 0].argmax()).all()  # the same band, however long the sound
    assert found[0, -1] == pytest.approx(0)
    assert found[1, -1] == pytest.approx(np.log(0.5))


def test_trimmed_waves_say_the_same() -> None:
    wave = np.ones((1, 1, 5), dtype=np.int16)
    length, there = np.array([[5]], dtype=np.int32), np.ones((1, 1), bool)
    short = summarise_sounds(wave, length, there, 16_000)
    assert np.isfinite(short).all()
    assert np.array_equal(short, summarise_sounds(np.pad(wave, ((0, 0), (0, 0), (0, 995))), length, there, 16_000))
    assert np.isnan(summarise_sounds(wave[:, :, :0], 0 * length, ~there, 16_000)).all()


def test_matrix_of_every_modality_is_the_same_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make(50)
    index = np.array([3, 9, 9, 40, 0])
    whole = read_matrix(data.rows, data.groups, index)
    monkeypatch.setattr(features, "SLICE", 2)
    again = read_matrix(data.rows, data.groups, index)
    assert np.array_equal(whole.values, again.values, equal_nan=True)
    assert whole.values.dtype == np.float32
    assert whole.codes["category"].shape == (5, 2, 2)
    absent = ~data.rows.arrays["number"]["mask"][index]
    assert np.array_equal(np.isnan(whole.values[:, :2]), absent)


def test_counting_and_reading_texts() -> None:
    data = make(20)
    assert count_rows(data.rows) == 20
    assert count_rows(Rows({}, data.rows.texts)) == 20
    assert count_rows(Rows({}, {})) == 0
    index = np.array([4, 2])
    assert read_texts(data.rows, "note", index).to_list() == data.rows.texts["note"].gather(index).to_list()
    assert read_texts(data.rows, "gone", index).to_list() == [None, None]


def test_rows_are_bounded_by_media_cells_and_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = np.ones(5000, dtype=np.float32)
    weight[:100] = 0
    number = {"g": {"modality": "number", "columns": ["a", "b"]}}
    rows = Rows({"g": {"mask": np.ones((5000, 2), bool)}}, {})
    index, note = choose_rows(rows, number, weight, 0)
    assert np.array_equal(index, np.arange(100, 5000))
    assert note == ""
    monkeypatch.setattr(features, "TABLE_ROWS", 2000)
    index, note = choose_rows(rows, number, weight, 0)
    assert len(np.unique(index)) == 2000
    assert index.min() >= 100
    assert note == "learned from 2,000 of 4,900 rows, drawn at random"
    assert np.array_equal(index, choose_rows(rows, number, weight, 0)[0])
    text = {"t": {"modality": "text", "columns": ["t"]}}
    monkeypatch.setattr(features, "TEXT_CHARACTERS", 30_000)
    words = Rows({}, {"t": pl.Series("t", ["x" * 100] * 5000)})
    assert len(choose_rows(words, text, weight, 0)[0]) == 300


def test_majority_says_the_training_shares() -> None:
    target = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    found = majority_predictions("multiclass", target, np.array([1.0, 1, 2, 0]), 2)
    assert found.tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0]]
    assert found.dtype == np.float32
    values = majority_predictions("regression", np.array([[1.0], [4.0]]), np.array([2.0, 1.0]), 1)
    assert values.tolist() == [[2.0]]
    labels = majority_predictions("multilabel", np.array([[1.0, 1], [0, 1]]), np.ones(2), 1)
    assert labels.tolist() == [[0.5, 1.0]]
