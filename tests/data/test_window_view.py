from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe
from consilience.data.frequency import Grid
from consilience.data.inspection import inspect
from consilience.data.table import read_table
from consilience.data.window_view import frequency_words, see_windows
from consilience.data.windows import training_windows

SERIES = {"time": "day", "id": "shop", "past": 10, "horizon": 3, "known": ["price"], "static": ["region"]}


def shops(days: int = 60, gap: int | None = None) -> pl.DataFrame:
    start = datetime(2024, 1, 1)
    rows = [
        (f"shop{s}", start + timedelta(days=d), float(s + d % 7), float(d // 7 % 2), f"r{s}", "usual day")
        for s in range(2)
        for d in range(days)
        if d != gap
    ]
    return pl.DataFrame(rows, schema=["shop", "day", "sold", "price", "region", "news"], orient="row")


def recipe(**more: Any) -> Any:
    return make_recipe({"target": "sold", "series": {**SERIES, **more}})


def test_as_many_windows_as_training_would_cut() -> None:
    tables = {"train": read_table(shops())}
    seen = see_windows(tables, recipe())
    cut = training_windows(tables, recipe()).table.frame["part"].value_counts()
    assert seen.windows == dict(cut.iter_rows())
    assert (seen.series, seen.season, seen.frequency, seen.gaps) == (2, 7, "every day", 0)
    assert seen.spans["train"][0] == "2024-01-01 00:00:00"


def test_what_each_column_is() -> None:
    roles = see_windows({"train": read_table(shops())}, recipe(values=["sold"])).roles
    assert roles["target"] == ("sold",)
    assert roles["known ahead"] == ("price",)
    assert roles["static"] == ("region",)
    assert roles["read at the origin"] == ("news",)
    assert (roles["time"], roles["entity"]) == (("day",), ("shop",))


def test_gaps_and_missing_cells_are_counted() -> None:
    frame = shops(gap=20).with_columns(
        pl.when(pl.col("shop") == "shop1").then(None).otherwise(pl.col("price")).alias("price")
    )
    seen = see_windows({"train": read_table(frame)}, recipe())
    assert seen.gaps == 2
    assert seen.missing["price"] == pytest.approx(0.5)
    assert seen.missing["sold"] == 0
    assert json.loads(json.dumps(seen.to_json(), allow_nan=False)) == seen.to_json()


def test_no_window_is_a_finding_of_inspect_and_an_error_of_training() -> None:
    asked = recipe(past=50)
    with pytest.raises(InputError, match="no window"):
        training_windows({"train": read_table(shops())}, asked)
    seen = inspect(shops(), recipe=asked)
    assert seen.findings[0].severity == "error"
    assert "no window of 50 steps and 3 more" in seen.findings[0].message


def test_inspect_takes_a_recipe_as_a_mapping() -> None:
    seen = inspect(shops(), recipe={"target": "sold", "series": SERIES})
    assert seen.task is not None
    assert seen.task.kind == "forecast"
    assert seen.to_json()["windows"]["roles"]["target"] == ["sold"]
    with pytest.raises(InputError, match="no target column is named"):
        inspect(shops(), recipe={"series": SERIES})


def test_a_recipe_without_windows_names_target_and_columns() -> None:
    seen = inspect(shops(), recipe={"target": "sold", "ignore": ["day"], "columns": {"news": "text"}})
    assert seen.windows is None
    assert seen.schema.target == "sold"
    assert seen.schema.modalities["news"] == "text"
    assert "day" not in seen.schema.modalities
    assert "windows" not in seen.to_json()


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (Grid("second", 3600, True), "every hour"),
        (Grid("second", 900, True), "every 15 minutes"),
        (Grid("second", 7 * 86400, True), "every week"),
        (Grid("second", 0.5, True), "every 0.5 seconds"),
        (Grid("second", 2, False), "every 2"),
        (Grid("business", 86400, True), "working days"),
        (Grid("month", 3, True), "every quarter"),
        (Grid("row", 1, True), "rows, whatever their distance"),
    ],
)
def test_frequencies_in_words(grid: Grid, words: str) -> None:
    assert frequency_words(grid) == words
