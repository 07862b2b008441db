from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.data.schema import detect
from consilience.data.table import read_table
from consilience.modalities.series import Series
from consilience.modalities.series_steps import read_steps


def prepared(cells: Any, **settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    columns = {"s": cells if isinstance(cells, pl.Series) else pl.Series("s", cells)}
    facts = Series.learn(columns, Prepare(**settings))
    return Series.arrays(columns, facts).arrays, facts


def channel(cell: Any) -> list[Any]:
    """The first channel of one cell as it is read, None where a point is missing."""
    values = read_steps(pl.Series("s", [cell])).values[:, 0]
    return [None if np.isnan(value) else float(value) for value in values]


class TestReading:
    @pytest.mark.parametrize(
        "text",
        ["1,2.5,3,4", "1, 2.5, 3, 4", "1 2.5\t3  4", "1;2.5;3;4", "[1,2.5,3,4]", "[1, 2.5, 3, 4,]", "(1, 2.5, 3, 4)"],
    )
    def test_ways_to_write_numbers(self, text: str) -> None:
        assert channel(text) == [1, 2.5, 3, 4]

    def test_missing_points(self) -> None:
        assert channel("[1, null, 3]") == [1, None, 3]
        assert channel("1,,3") == [1, None, 3]
        assert channel("1 nan inf 3") == [1, None, None, 3]
        assert channel([1.0, None, float("nan"), 3.0]) == [1, None, None, 3]
        assert channel("[[1], [null], null, [3]]") == [1, None, None, 3]

    def test_two_levels(self) -> None:
        for cell in (
            "[[1,2],[3,4]]",
            "1, 2; 3, 4",
            "1,2,9\n3,4,9",
            "1,2,9;3,4,9",
            [[1, 2], [3, 4]],
            "[[1. 2.]\n [3. 4.]]",
        ):
            values = read_steps(pl.Series("s", [cell])).values
            assert values[:, :2].tolist() == [[1, 2], [3, 4]]

    def test_decimal_commas(self) -> None:
        assert channel("1,5; 2,25; 3") == [1.5, 2.25, 3]
        assert channel("1,5 2,25 3,0") == [1.5, 2.25, 3]

    def test_steps_with_times(self) -> None:
        pairs = json.dumps([["2024-01-01", 1.5], ["2024-01-03T12:00:00.5", 2.5]])
        named = json.dumps([{"time": "2024-01-01", "v": 1.5}, {"time": "2024-01-03T12:00:00.5", "v": 2.5}])
        structs = [{"time": "2024-01-01", "v": 1.5}, {"time": "2024-01-03T12:00:00.5", "v": 2.5}]
        for cell in (pairs, named, structs):
            steps = read_steps(pl.Series("s", [cell]))
            assert steps.times is not None
            assert np.diff(steps.times).tolist() == [2.5 * 86_400 + 0.5]
            assert steps.values[:, 0].tolist() == [1.5, 2.5]

    def test_channels_by_name_whatever_their_order(self) -> None:
        cells = ['[{"a":1,"b":2},{"a":3,"b":4}]', '[{"b":6,"a":5}]', '[{"b":8,"c":9}]']
        steps = read_steps(pl.Series("s", cells), ["a", "b"])
        np.testing.assert_array_equal(steps.values, [[1, 2], [3, 4], [5, 6], [np.nan, 8]])

    def test_what_is_no_series_is_bad_and_what_is_half_one_is_partly(self) -> None:
        cells = ["hello", "1,2,x,4", "x,y,1", "[1,2,3,4", '{"a":1}', "[[[1]]]", "", None, "[]", "1,2"]
        steps = read_steps(pl.Series("s", cells))
        assert steps.bad.tolist() == [True, False, True, True, True, True, False, False, False, False]
        assert steps.partly.tolist() == [False, True] + [False] * 8
        assert steps.counts.tolist() == [0, 4, 0, 0, 0, 0, 0, 0, 0, 2]

    def test_every_type_reads_to_the_same_numbers(self) -> None:
        rows = np.random.default_rng(0).normal(size=(5, 7, 2)).round(3)
        as_array = pl.Series("s", rows, dtype=pl.Array(pl.Float64, (7, 2)))
        as_text = pl.Series("s", [json.dumps(row) for row in rows.tolist()])
        for column in (as_array, pl.Series("s", rows.tolist()), as_text):
            steps = read_steps(column)
            assert steps.counts.tolist() == [7] * 5
            np.testing.assert_array_equal(steps.values.reshape(rows.shape), rows)


class TestArrays:
    def test_contract(self) -> None:
        arrays, facts = prepared([[[1.0, 10.0], [3.0, None]], None, [[5.0, 30.0], [None, None], [7.0, 40.0], [1, 1]]])
        assert {name: (a.dtype.name, a.shape) for name, a in arrays.items()} == {
            "value": ("float32", (3, 1, 4, 2)),
            "observed": ("bool", (3, 1, 4, 2)),
            "mask": ("bool", (3, 1, 4)),
            "gap": ("float32", (3, 1, 4)),
        }
        assert arrays["mask"][:, 0].tolist() == [[True, True, False, False], [False] * 4, [True] * 4]
        assert arrays["observed"][2, 0].tolist() == [[True, True], [False, False], [True, True], [True, True]]
        assert np.array_equal(arrays["gap"], arrays["mask"].astype(np.float32))
        back = arrays["value"][0, 0, :2, 0] * facts["std"][0][0] + facts["mean"][0][0]
        np.testing.assert_allclose(back, [1, 3], rtol=1e-5)
        assert facts["channels"] == [2]

    def test_the_newest_steps_are_kept(self) -> None:
        arrays, facts = prepared([[float(i) for i in range(20)]] * 5, max_steps=6)
        assert facts["length"] == 6
        back = arrays["value"][0, 0, :, 0] * facts["std"][0][0] + facts["mean"][0][0]
        np.testing.assert_allclose(back, range(14, 20), rtol=1e-5)

    def test_missing_steps_at_the_end_are_padding(self) -> None:
        arrays, _ = prepared([[1.0, None, 2.0, None, None], [1.0, 2.0, 3.0, 4.0, 5.0]])
        assert arrays["mask"][0, 0].tolist() == [True, True, True, False, False]

    def test_gaps_count_in_median_steps_and_times_are_sorted(self) -> None:
        cell = [["2024-01-01", 1], ["2024-01-04", 3], ["2024-01-02", 2], ["2024-01-05", 4]]
        arrays, facts = prepared([json.dumps(cell)] * 3)
        assert facts["step"] == [86_400.0]
        assert arrays["gap"][0, 0].tolist() == [1, 1, 2, 1]
        assert np.all(np.diff(arrays["value"][0, 0, :, 0]) > 0)
        assert arrays["calendar"].shape == (3, 1, 2)
        assert arrays["calendar"][0, 0].tolist() == pytest.approx([0, 4 / 7])  # midnight, a Friday

    def test_one_broken_row_widens_no_other(self) -> None:
        cells = [[[1.0, 2.0]] * 5] * 300 + [[[0.5] * 40] * 5]
        arrays, facts = prepared(cells)
        assert facts["channels"] == [2]
        assert arrays["value"].shape[-1] == 2
        columns = {"s": pl.Series("s", cells)}
        (problem,) = Series.arrays(columns, facts).problems
        assert (problem.code, problem.rows) == ("too_many_channels", [300])

    def test_an_outlier_does_not_rule_the_scale(self) -> None:
        random = np.random.default_rng(0)
        cells = [random.normal(size=20).tolist() for _ in range(50)]
        cells[3][4] = 1e12
        arrays, facts = prepared(cells)
        assert facts["std"][0][0] < 2
        assert np.isfinite(arrays["value"]).all()

    def test_all_missing_and_constant(self) -> None:
        for cells in ([None, None], [[None, None], []], ["", "n/a"]):
            arrays, facts = prepared(pl.Series("s", cells))
            assert not arrays["mask"].any()
            assert facts["channels"] == [1]
        arrays, _ = prepared([[2.0] * 9] * 4)
        assert not arrays["value"].any()
        assert arrays["mask"][:, :, :9].all()

    def test_trim_cuts_padding_only(self) -> None:
        arrays, _ = prepared([[1.0] * 5, [2.0] * 40])
        cut = Series.trim({name: a[:1] for name, a in arrays.items()})
        assert cut["value"].shape == (1, 1, 8, 1)
        assert cut["mask"].sum() == 5


class TestScore:
    @pytest.mark.parametrize(
        "cells",
        [
            [[1.5, 2, 3.5, 4.0]] * 3,
            ["0.1 0.2 0.3 0.4"] * 3,
            ["1,3,2,3,4,3", "4,4,5,6,5,4"],
            ["70 80 82 72 58 58 60 63", "1 2 3 4 5 6 7 8"],
            ["[[1,2],[3,4]]"] * 3,
            ['[["2024-01-01", 4], ["2024-01-02", 5]]'] * 3,
            [[[1, 2], [3, 4]]] * 3,
        ],
    )
    def test_series(self, cells: Any) -> None:
        guess = Series.score(pl.Series("s", cells, strict=False))
        assert guess.score > 0.8, guess

    @pytest.mark.parametrize(
        "cells",
        [
            ["+33 1 42 34 56", "+33 6 12 34 56"],
            ["4111 1111 1111 1111"] * 3,
            ["1,234,567,890", "2,345,678,901"],
            ["2024-01-02 03:04:05"] * 3,
            ["1,5,7,9", "5,7,9,11,13", "1,9,13,7,5"] * 9,
            ["a 1 2 3 4"] * 3,
            ["3.5", "4.5"],
            ["10.0.0.1"] * 3,
            ['{"a": 1}'] * 3,
            ["red|blue|green"] * 3,
            [[1, 2]] * 3,
            [["a", "b", "c", "d"]] * 3,
        ],
    )
    def test_no_series(self, cells: Any) -> None:
        guess = Series.score(pl.Series("s", cells))
        assert guess.score < 0.3, guess

    def test_the_schema_says_so(self) -> None:
        random = np.random.default_rng(1)
        waves = random.normal(size=(60, 12)).round(2)
        table = read_table(
            {
                "text": [", ".join(map(str, row)) for row in waves.tolist()],
                "lists": waves.tolist(),
                "planes": [row.reshape(6, 2) for row in waves],
                "objects": pl.Series([row.reshape(6, 2) for row in waves], dtype=pl.Object),
                "x": random.normal(size=60),
                "phone": [f"+49 {a} {b} {c}" for a, b, c in random.integers(100, 999, (60, 3))],
                "note": ["a few words and 4 numbers: 1 2 3 4"] * 59 + ["other"],
            }
        )
        found = detect(table).modalities
        assert {name for name, modality in found.items() if modality == "series"} == {
            "text",
            "lists",
            "planes",
            "objects",
        }
        steps = read_steps(table.frame["planes"])
        np.testing.assert_array_equal(steps.values.reshape(60, 6, 2), waves.reshape(60, 6, 2))
