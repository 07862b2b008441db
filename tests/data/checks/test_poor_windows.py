from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from consilience.data.checks.base import NotApplicable, View
from consilience.data.checks.poor_windows import PoorWindows
from consilience.data.findings import Finding
from consilience.data.inspection import inspect
from consilience.data.schema import detect
from consilience.data.table import read_table


def steps(count: int = 200, **columns: Any) -> pl.DataFrame:
    start = datetime(2024, 1, 1)
    base = {"t": [start + timedelta(hours=h) for h in range(count)], "x": [float(h % 24) for h in range(count)]}
    return pl.DataFrame({**base, **columns})


def look(frame: pl.DataFrame, **series: Any) -> list[Finding]:
    recipe = {"target": "x", "series": {"time": "t", "past": 12, "horizon": 4, **series}}
    return [f for f in inspect(frame, recipe=recipe).findings if f.code == "poor_windows"]


def test_nothing_to_say_of_an_orderly_table() -> None:
    assert look(steps(400)) == []


def test_few_windows_and_short_series() -> None:
    assert any("training windows are few" in f.message for f in look(steps(90)))
    frame = pl.concat([steps(400).with_columns(id=pl.lit("a")), steps(5).with_columns(id=pl.lit("b"))])
    assert any("1 of 2 series are shorter" in f.message for f in look(frame, id="id", values=["x"]))


def test_gaps_and_times_that_repeat() -> None:
    frame = steps(400)
    gapped = pl.concat([frame[:100], frame[110:], frame[-1:]])
    messages = [f.message for f in look(gapped)]
    assert any("10 of 400 steps are not in the table" in m for m in messages)
    assert any("duplicate_time" in m for m in messages)


def test_columns_that_break_their_promise() -> None:
    frame = steps(400, z=[None] * 300 + [1.0] * 100, kind=["a"] * 200 + ["b"] * 200)
    found = {f.columns: f.message for f in look(frame, values=["x", "z"], static=["kind"])}
    assert "75% of the steps have no value" in found["z",]
    assert "changes over time" in found["kind",]


def test_without_windows_it_cannot_look() -> None:
    table = read_table(steps(30))
    with pytest.raises(NotApplicable, match="no block series"):
        PoorWindows().look(View(table, detect(table)))
