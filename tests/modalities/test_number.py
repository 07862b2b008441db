from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.modalities.number import EDGES, Number


def prepared(train: list[Any], new: list[Any] | None = None) -> Any:
    facts = Number.learn({"x": pl.Series("x", train, strict=False)}, Prepare())
    return Number.arrays({"x": pl.Series("x", train if new is None else new, strict=False)}, facts)


def test_training_values_have_mean_zero_and_deviation_one() -> None:
    values = np.random.default_rng(0).normal(50, 7, 1000)
    value = prepared(values.tolist()).arrays["value"][:, 0]
    assert value.dtype == np.float32
    assert value.mean() == pytest.approx(0, abs=1e-3)
    assert value.std() == pytest.approx(1, abs=0.02)


def test_an_outlier_neither_moves_the_others_nor_exceeds_ten() -> None:
    values = [*np.random.default_rng(0).normal(0, 1, 1000).tolist(), 1e300]
    value = prepared(values).arrays["value"][:, 0]
    assert value[-1] == 10
    assert value[:-1].std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("values", [[3.0] * 5, [1e17 + 1] * 7, [0.1] * 9, [None, None], [1e308, -1e308, 1e308]])
def test_constant_empty_and_huge_columns_are_finite(values: list[Any]) -> None:
    value = prepared(values).arrays["value"]
    assert np.isfinite(value).all()
    if len(set(values)) == 1:
        assert not value.any()


def test_text_and_number_cells_prepare_alike() -> None:
    train = ["1", "2.5", "1,234.5", "12 %"]
    assert np.array_equal(prepared(train).arrays["value"], prepared(train, [1, 2.5, 1234.5, 12.0]).arrays["value"])


def test_missing_tokens_are_missing_and_other_text_is_counted() -> None:
    arrays, problems = prepared(["1", "2", "3"], ["1", "n/a", "", None, "twelve", "x" * 200])
    assert arrays["mask"][:, 0].tolist() == [True, False, False, False, False, False]
    assert not arrays["value"][~arrays["mask"]].any()
    assert [(p.code, p.column, p.count, p.rows) for p in problems] == [("not_a_number", "x", 2, [4, 5])]
    assert problems[0].examples[0] == "'twelve'"
    assert max(len(e) for e in problems[0].examples) <= 60


def test_infinity_is_counted_and_nan_is_missing() -> None:
    arrays, problems = prepared([1.0, 2.0], [float("inf"), float("nan"), 1.0])
    assert arrays["mask"][:, 0].tolist() == [False, False, True]
    assert [(p.count, p.rows) for p in problems] == [(1, [0])]


def test_dates_and_bytes_in_a_number_column_are_counted() -> None:
    facts = Number.learn({"x": pl.Series("x", [1.0, 2.0])}, Prepare())
    for cells in (pl.Series("x", [dt.date(2024, 1, 1), None]), pl.Series("x", [b"\xff\x00", None])):
        assert Number.arrays({"x": cells}, facts).problems[0].count == 1


@pytest.mark.parametrize(
    "values",
    [
        list(range(1000)),
        [0.0, 1.0] * 50,
        [5.0] * 9,
        [],
        [0.0] * 95 + [1e9],
        [1e-30, 2e-30],
        [1.0, 1.0 + 1e-12],
    ],
)
def test_quantiles_increase_strictly_in_single_precision(values: list[float]) -> None:
    facts = Number.learn({"x": pl.Series("x", values, dtype=pl.Float64)}, Prepare())
    edges = np.array(facts["quantiles"][0], np.float32)
    assert edges.shape == (EDGES,)
    assert (np.diff(edges) > 0).all()


def test_quantiles_hold_equal_shares_of_the_rows() -> None:
    values = np.random.default_rng(0).lognormal(0, 1, 5000)
    facts = Number.learn({"x": pl.Series("x", values)}, Prepare())
    value = Number.arrays({"x": pl.Series("x", values)}, facts).arrays["value"][:, 0]
    counts, _ = np.histogram(value, facts["quantiles"][0])
    assert counts.max() - counts.min() < 0.01 * len(values)


def test_scores() -> None:
    assert Number.score(pl.Series([1.5, 2.5, 7.1])).score > 0.7
    assert Number.score(pl.Series(["1", "n/a", "3"])).score > 0.7
    assert Number.score(pl.Series([1, 2, 3] * 40)).score < 0.6
    assert Number.score(pl.Series(["a", "b", "3"])).score == 0
    assert Number.score(pl.Series([True, False])).score == 0
