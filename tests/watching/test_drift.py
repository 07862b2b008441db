"""Shifts are alarmed under the right column's name; fresh draws are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import mixed_table

from consilience.watching.drift import Drift, find_drift, holm
from consilience.watching.inputs import summary_row
from consilience.watching.page import monitor_page, prometheus
from consilience.watching.reference import summarise, summarise_predictions

COLUMNS = {"age": "number", "dose": "number", "city": "category", "note": "text", "scan": "image", "voice": "audio"}
KNOWN = {"city": ["rome", "lima", "oslo"]}


def summary(frame: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = [summary_row(r, COLUMNS) for r in frame.select(list(COLUMNS)).iter_rows(named=True)]
    said = frame["sick"].to_list()
    predicted = summarise_predictions(said, [{"yes": 0.9, "no": 0.1} for _ in said])
    return summarise(rows, COLUMNS), predicted


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    columns, prediction = summary(mixed_table(400, seed=100))
    return {"rows": 400, "columns": columns, "prediction": prediction, "accuracy": None}


def look(reference: dict[str, Any], frame: pl.DataFrame) -> Drift:
    now, predicted = summary(frame)
    return find_drift(reference, now, predicted, KNOWN)


def test_fresh_draws_are_quiet(reference: dict[str, Any]) -> None:
    alarmed = sum(bool(look(reference, mixed_table(200, seed=seed)).alarms) for seed in range(20))
    assert alarmed <= 1


def darker(cell: bytes | None) -> bytes | None:
    import cv2
    from tests.conftest import png

    return None if cell is None else png(cv2.imdecode(np.frombuffer(cell, np.uint8), 0) // 3)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("age", pl.col("age") + 8),
        ("dose", pl.col("dose") * 3),
        ("city", pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("paris")).otherwise("city").alias("city")),
        ("note", pl.col("note").str.to_uppercase() + " ！！ 其他语言的文字"),
        ("scan", pl.col("scan").map_elements(darker, pl.Binary)),
        ("voice", pl.when(pl.int_range(pl.len()) % 2 == 0).then("voice").alias("voice")),
    ],
)
def test_a_shift_is_alarmed_by_name(reference: dict[str, Any], column: str, change: pl.Expr) -> None:
    drift = look(reference, mixed_table(200, seed=7).with_columns(change))
    assert {a.column for a in drift.alarms} == {column}
    if column == "city":
        assert any("'paris'" in a.sentence for a in drift.alarms)


@pytest.mark.parametrize(("table", "request_"), [([True, False], ["true", "false"]), ([1.0, 2.0], [1, 2])])
def test_one_category_is_one_however_it_is_written(table: list[Any], request_: list[Any]) -> None:
    columns = {"kind": "category"}
    pair = [[summary_row({"kind": v}, columns) for v in values * 40] for values in (table, request_)]
    was, now = (summarise(rows, columns) for rows in pair)
    assert was == now


def test_few_rows_say_nothing(reference: dict[str, Any]) -> None:
    drift = look(reference, mixed_table(12, seed=1).with_columns(age=pl.lit(900.0)))
    assert (drift.alarms, drift.rows) == ([], 12)


def test_page_and_gauges(reference: dict[str, Any]) -> None:
    now, predicted = summary(mixed_table(100, seed=5).with_columns(city=pl.lit("<b>new")))
    drift = find_drift(reference, now, predicted, KNOWN)
    found = {
        "model": "m",
        "rows": 100,
        "enough": True,
        "from": None,
        "level": 0.01,
        "alarms": [a._asdict() for a in drift.alarms],
        "looks": [a._asdict() for a in drift.looks],
        "missing": {c: [0.1, 0.1] for c in COLUMNS},
        "performance": {"measured": None, "estimated": {"accuracy": 0.8, "was": 0.9}},
        "columns": {"reference": reference["columns"], "now": now},
        "predictions": {"reference": reference["prediction"], "now": predicted},
    }
    page = monitor_page(found)
    assert "&lt;b&gt;new" in page
    assert "<b>new" not in page
    assert page.count("<svg") == 7
    assert 'consilience_drift_effect{column="city",kind="unknown"} 1' in prometheus(found)


def test_holm_is_the_textbooks() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
