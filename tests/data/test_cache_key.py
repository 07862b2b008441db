from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from consilience.data.cache_key import cache_key

NUMBER: dict[str, Any] = {"n": {"modality": "number", "columns": ["x"], "mean": [0.0]}}
IMAGE: dict[str, Any] = {"i": {"modality": "image", "columns": ["x"]}}


def key(cells: list[Any], groups: dict[str, Any] = NUMBER) -> str:
    return cache_key(pl.DataFrame({"x": pl.Series("x", cells)}), groups)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1.0, 2.0], [2.0, 1.0]),
        ([1.0, 0.0], [1.0, None]),
        ([1.0], [1.0, None]),
        (["ab", "c"], ["a", "bc"]),
        (["a", None], ["a", ""]),
        ([b"ab", b"c"], [b"a", b"bc"]),
        ([True, False], [True, None]),
        (["1"], [1]),
    ],
)
def test_other_cells_have_another_key(one: list[Any], other: list[Any]) -> None:
    assert key(one) != key(other)


def test_equal_cells_have_one_key_however_they_lie_in_memory() -> None:
    long = [f"a long text that is not kept inline {i}" for i in range(100)]
    frame = pl.DataFrame({"x": long})
    pieces = pl.concat([frame.slice(0, 37), frame.slice(37)], rechunk=False)
    assert cache_key(frame, NUMBER) == cache_key(pieces, NUMBER) == key(long)


def test_other_facts_or_columns_have_another_key() -> None:
    assert key([1.0]) != key([1.0], {"n": {**NUMBER["n"], "mean": [0.5]}})
    assert key([1.0]) != key([1.0], {"m": NUMBER["n"]})
    assert key([1.0]) != cache_key(pl.DataFrame({"y": [1.0]}), NUMBER)


def test_a_media_file_that_changes_has_another_key(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    absent = key([str(path), "a\0b", None], IMAGE)
    path.write_bytes(b"one")
    before = key([str(path), "a\0b", None], IMAGE)
    assert before == key([str(path), "a\0b", None], IMAGE) != absent
    os.utime(path, ns=(1, 1))
    assert key([str(path), "a\0b", None], IMAGE) != before
