from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.data.schema import detect
from consilience.data.table import Table, read_table
from consilience.modalities.cells import as_number, read_numbers
from consilience.modalities.number import Number


@pytest.mark.parametrize(
    ("cells", "numbers", "affix"),
    [
        (["$1,234.50", "$3", "-$4", "$-5", "($6)", "7"], [1234.5, 3, -4, -5, -6, 7], "$"),
        (["€ 1", "2 €", "3,000€"], [1, 2, 3000], "€"),
        (["US$5", "us$ 7.5"], [5, 7.5], "us$"),
        (["Rs. 10", "Rs 20"], [10, 20], "rs"),
        (["3 元", "5元"], [3, 5], "元"),
        (["12 kg", "3.5kg", "1.5 Kg.", ".5 kg"], [12, 3.5, 1.5, 0.5], "kg"),
        (["1 year", "2 years"], [1, 2], "year"),
        (["350 km/h", "-2 km/h"], [350, -2], "km/h"),
        (["37.2 °C", "36 °C"], [37.2, 36], "°c"),
        (["12 fl oz", "8 fl oz"], [12, 8], "fl oz"),
        (["(50)", "30", "(1,234.5)"], [-50, 30, -1234.5], ""),
        (["12 %", "5%", "1,000 %"], [12, 5, 1000], ""),
        (
            ["0 days 00:38:00", "1 days 01:00:00.5", "2 days", "-1 days +01:00:00"],
            [2280, 90000.5, 172800, -82800],
            "days h:m:s",
        ),
        (["38:31:00", "9:05:00.5"], [138660, 32700.5], "days h:m:s"),
        (["59:30", "1:02:30", "0:59"], [3570, 3750, 59], "days h:m:s"),
    ],
)
def test_signs_and_units(cells: list[str], numbers: list[float], affix: str) -> None:
    column = pl.Series("c", cells)
    assert as_number(column).to_list() == pytest.approx(numbers)
    assert read_numbers(column)[1] == affix


def test_two_units_are_not_mixed() -> None:
    assert as_number(pl.Series(["3 kg", "5 lb", "7 lb", "2"])).to_list() == [None, None, None, 2.0]
    assert as_number(pl.Series(["$3", "4 €"])).to_list() == [None, None]
    mostly = pl.Series(["3 kg"] * 9 + ["5 lb"])
    assert as_number(mostly).to_list() == [3.0] * 9 + [None]


@pytest.mark.parametrize("cell", ["5th", "1.2.3", "v2", "Grade 1", "3-4", "(5", "$5€", "1 Main Street West", ""])
def test_what_is_no_number(cell: str) -> None:
    assert as_number(pl.Series([cell])).to_list() == [None]


def test_the_unit_learned_holds_for_new_rows() -> None:
    facts = Number.learn({"w": pl.Series("w", ["3 kg", "5 kg", "10 kg"])}, Prepare())
    arrays, problems = Number.arrays({"w": pl.Series("w", ["5 kg", "5", "5 lb", None])}, facts)
    assert facts["affix"] == ["kg"]
    assert arrays["mask"][:, 0].tolist() == [True, True, False, False]
    assert arrays["value"][0, 0] == arrays["value"][1, 0]
    assert [(p.code, p.count, p.rows) for p in problems] == [("not_a_number", 1, [2])]


def test_a_column_without_units_takes_none_later() -> None:
    facts = Number.learn({"w": pl.Series("w", ["3", "5", "10"])}, Prepare())
    assert not Number.arrays({"w": pl.Series("w", ["5 lb"])}, facts).arrays["mask"].any()


def test_a_bundle_of_before_reads_as_before() -> None:
    facts = Number.learn({"w": pl.Series("w", ["3", "5", "10"])}, Prepare())
    del facts["affix"]
    assert Number.arrays({"w": pl.Series("w", ["5", "5 lb"])}, facts).arrays["mask"][:, 0].tolist() == [True, False]


def test_columns_are_seen_as_numbers() -> None:
    table = read_table(
        pl.DataFrame(
            {
                "price": [f"${1000 + 37 * i:,}.99" for i in range(80)],
                "weight": [f"{40 + 0.7 * i:.1f} kg" for i in range(80)],
                "size": [f"{i % 4} kg" for i in range(80)],
                "street": [f"{i} {('Oak', 'Elm', 'Ash')[i % 3]} Road" for i in range(80)],
            }
        )
    )
    assert detect(table).modalities == {"price": "number", "weight": "number", "size": "category", "street": "text"}


def test_a_time_of_day_is_no_span() -> None:
    assert as_number(pl.Series(["12:30", "23:59:59"])).to_list() == [None, None]
    facts = Number.learn({"t": pl.Series("t", ["59:30", "12:30"])}, Prepare())
    arrays, _ = Number.arrays({"t": pl.Series("t", ["12:30", "12:75:00"])}, facts)
    assert arrays["mask"][:, 0].tolist() == [True, False]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["<5", "7", "8.1", "> 10", "9"], [5, 7, 8.1, 10, 9]),
        (["≤ -3", ">=4", "~5", "≈ 6", "1", "2", "3", "4"], [-3, 4, 5, 6, 1, 2, 3, 4]),
        (["< $5", "$7", "$1,200"], [5, 7, 1200]),
        (["5.1 ± 0.2", "6 +/- 1", "7±.5 mg"], [5.1, 6, None]),
        (["5.1*", "6 **", "7†", "1*2"], [5.1, 6, 7, None]),
    ],
)
def test_bounds_and_rough_numbers_count_where_asked(cells: list[str], numbers: list[float | None]) -> None:
    column = pl.Series("c", cells)
    assert as_number(column, bounds=True).to_list() == numbers
    assert as_number(column).null_count() > 0


def test_bounds_alone_are_classes() -> None:
    assert as_number(pl.Series(["<30", ">50", "<30"]), bounds=True).to_list() == [None] * 3
    ages = pl.DataFrame({"age": ["<30", "30-50", ">50"] * 20, "y": ["a", "b"] * 30})
    assert detect_frame(ages)["age"] == "category"


def test_bounds_are_counted() -> None:
    facts = Number.learn({"w": pl.Series("w", ["1", "2", "3", "<1"])}, Prepare())
    arrays, problems = Number.arrays({"w": pl.Series("w", ["<1", "1", "ND", ">9"])}, facts)
    assert arrays["mask"][:, 0].tolist() == [True, True, False, True]
    assert arrays["value"][0, 0] == arrays["value"][1, 0]
    assert [(p.code, p.rows) for p in problems] == [("not_a_number", [2]), ("bound", [0, 3])]


def test_a_few_words_between_many_numbers_leave_them_numbers() -> None:
    random = np.random.default_rng(0)
    values = [f"{v:.2f}" for v in random.normal(50, 20, 300)]
    rain = ["T" if random.random() < 0.2 else v for v in values]
    codes = [f"K{v}" if random.random() < 0.2 else v for v in values]
    sizes = [str(random.choice(["36", "38", "40", "S", "M"])) for _ in values]
    frame = pl.DataFrame({"rain": rain, "codes": codes, "sizes": sizes})
    found = detect_frame(frame)
    assert (found["rain"], found["sizes"]) == ("number", "category")
    assert found["codes"] != "number"


def detect_frame(frame: pl.DataFrame) -> dict[str, str]:
    return {c.name: c.modality for c in detect(Table(frame, None, "t"), None).columns}
