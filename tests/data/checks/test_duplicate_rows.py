from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.data.findings import NotApplicable
from consilience.data.split import Splits


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {"a": random.normal(0, 1, rows), "b": random.choice(["x", "z"], rows), "y": ["k", "l"] * (rows // 2)}
    )


def test_copies_are_counted_with_their_originals(look: Any) -> None:
    frame = table(100)
    (found,) = look("duplicate_rows", pl.concat([frame, frame[3:6]]), "y")
    assert found.details["count"] == 3
    assert found.rows == (3, 100, 4, 101, 5, 102)


def test_rows_of_the_test_table_that_were_trained_on(look: Any) -> None:
    frame, test = table(100), table(40, seed=1)
    leaked = pl.concat([test, frame[10:14].with_columns(pl.lit("k").alias("y"))])
    (found,) = look("duplicate_rows", frame, "y", test=leaked)
    assert found.severity == "error"
    assert "4 of 44 rows of the test table" in found.message
    assert found.rows == (40, 41, 42, 43)


def test_both_sides_of_a_split(look: Any) -> None:
    frame = pl.concat([table(100), table(100)[:5]])
    splits = Splits(np.arange(80), np.arange(80, 90), np.arange(90, 105), "random", "")
    found = look("duplicate_rows", frame, "y", splits=splits)
    assert any("5 of 15 rows of the test rows" in f.message for f in found)


def test_few_categories_repeat_by_chance(look: Any) -> None:
    random = np.random.default_rng(0)
    frame = {name: random.choice(list("abc"), 500) for name in ("p", "q", "y")}
    assert look("duplicate_rows", frame, "y") == []


def test_a_table_without_inputs(look: Any) -> None:
    with pytest.raises(NotApplicable):
        look("duplicate_rows", {"y": ["k", "l"] * 9}, "y")


def test_a_column_may_be_named_count(look: Any) -> None:
    frame = pl.concat([table(100), table(100)[:5]]).rename({"b": "count"})
    splits = Splits(np.arange(80), np.arange(80, 90), np.arange(90, 105), "random", "")
    assert look("duplicate_rows", frame, "y", splits=splits)
