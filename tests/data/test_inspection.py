from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import consilience as cs
from consilience.core.errors import InputError
from consilience.core.registry import names
from consilience.data.findings import run_checks
from consilience.data.inspection import inspect


def test_a_mixed_table_in_full(make_table: Callable[..., pl.DataFrame]) -> None:
    seen = inspect(make_table(200), "sick")
    assert seen.rows == 200
    assert seen.task is not None
    assert seen.task.kind == "binary"
    assert set(seen.schema.modalities.values()) >= {"number", "date", "image", "audio"}
    assert "unreadable_media" not in {n.code for n in seen.not_looked}
    assert seen.not_looked == tuple(sorted(seen.not_looked))


def test_to_json_is_plain(make_table: Callable[..., pl.DataFrame]) -> None:
    frame = make_table(120)
    frame = frame.with_columns(pl.when(pl.col("sick") == "yes").then(1.5).otherwise(2.5).alias("days"))
    seen = inspect(frame, "sick", test=frame[:10]).to_json()
    assert json.loads(json.dumps(seen, allow_nan=False)) == seen
    codes = {f["code"] for f in seen["findings"]}
    assert {"target_leak", "duplicate_rows"} <= codes
    assert seen["test"]["rows"] == 10
    assert {c["name"] for c in seen["columns"]} == set(frame.columns)


def test_findings_come_worst_first(make_table: Callable[..., pl.DataFrame]) -> None:
    frame = make_table(120, media=False)
    frame = frame.with_columns(pl.col("sick").alias("ward"), pl.lit("x").alias("site"))
    order = [{"error": 0, "warning": 1, "info": 2}[f.severity] for f in inspect(frame, "sick").findings]
    assert order == sorted(order)
    assert order[0] == 0


def test_fast_leaves_out_slow_checks(make_table: Callable[..., pl.DataFrame]) -> None:
    seen = inspect(make_table(80), "sick", fast=True)
    assert {"label_noise", "near_duplicate_image", "unreadable_media"} <= {n.code for n in seen.not_looked}


def test_a_target_that_cannot_be_trained_on_is_said() -> None:
    seen = inspect({"a": range(30), "y": ["k"] * 30}, "y")
    assert seen.task is not None
    assert seen.task.kind is None
    assert "constant" in seen.task.reason


def test_unknown_names_offer_the_nearest() -> None:
    table = {"age": range(30), "sick": ["k", "l"] * 15}
    with pytest.raises(InputError, match="did you mean 'sick'"):
        inspect(table, "sik")
    with pytest.raises(InputError, match="did you mean 'age'"):
        inspect(table, "sick", ignore=["agee"])


def test_unknown_check() -> None:
    with pytest.raises(InputError, match="near_duplicate_text"):
        run_checks(None, codes=["near_duplicate_txt"])  # type: ignore[arg-type]


def test_hostile_tables_raise_nothing() -> None:
    odd: dict[str, list[Any]] = {
        "empty": [None] * 40,
        "lists": [[1.5, 2.5]] * 40,
        "mixed": ["1", "x", None, "", "\x00", "NaN", "1e400", "-"] * 5,
        "a\nb": ["😀" * i for i in range(40)],
        "y": ["k", "l", None, "?"] * 10,
    }
    for target in (None, "y", "mixed"):
        seen = inspect(odd, target)
        json.dumps(seen.to_json())


def test_public_name() -> None:
    assert cs.inspect is inspect


def test_every_check_has_its_anchor_in_the_docs_and_its_test() -> None:
    root = Path(__file__).parents[2]
    text = (root / "docs" / "checks.md").read_text(encoding="utf-8")
    for code in names("check"):
        assert f"\n## {code}\n" in text
        assert (root / "tests" / "data" / "checks" / f"test_{code}.py").exists()


def test_the_same_table_twice_says_the_same(make_table: Callable[..., pl.DataFrame]) -> None:
    frame = make_table(150)
    assert inspect(frame, "sick").to_json() == inspect(frame, "sick").to_json()
