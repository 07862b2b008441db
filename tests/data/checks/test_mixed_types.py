from __future__ import annotations

from typing import Any


def test_words_among_numbers(look: Any) -> None:
    dose = [str(i / 10) for i in range(96)] + ["about 3", "NA", "", "high"]
    (found,) = look("mixed_types", {"dose": dose, "x": [1.5, 2.5] * 50}, overrides={"dose": "number"})
    assert found.rows == (96, 99)
    assert "'about 3', 'high'" in found.message
    assert found.details["numbers"] == 96


def test_codes_with_some_letters_are_categories(look: Any) -> None:
    chromosome = [*map(str, range(1, 8)), "X", "Y"] * 12
    assert look("mixed_types", {"chromosome": chromosome}, overrides={"chromosome": "category"}) == []


def test_several_ways_to_write_dates(look: Any) -> None:
    dates = [f"2021-03-{i % 28 + 1:02d}" for i in range(60)] + [f"{i % 28 + 1}.3.2021" for i in range(40)]
    (found,) = look("mixed_types", {"seen": dates}, overrides={"seen": "date"})
    assert "2021-03-01 (60 cells)" in found.message
    assert found.details["formats"] == {"Y-9-9": 60, "9.9.Y": 40}


def test_day_first_and_month_first(look: Any) -> None:
    dates = ["25/03/2021", "04/05/2021", "03/25/2021"] * 20
    (found,) = look("mixed_types", {"seen": dates}, overrides={"seen": "date"})
    assert found.rows == (0, 2)


def test_one_way_is_fine(look: Any) -> None:
    table = {"seen": [f"3 {m} 2021" for m in ("May", "June", "Sept.")] * 9, "n": ["1", "2", "NA"] * 9}
    assert look("mixed_types", table, overrides={"seen": "date", "n": "number"}) == []


def test_bounds_are_told_as_what_they_count_as(look: Any) -> None:
    cells = [*(f"{v}.5" for v in range(40)), "<5", "<5", ">40", "ND"]
    found = look("mixed_types", {"lab": cells}, overrides={"lab": "number"})
    assert [f.severity for f in found] == ["warning", "info"]
    assert "1 cell" in found[0].message
    assert "'ND'" in found[0].message
    assert found[1].details == {"bounds": 3, "examples": ["<5", ">40"]}
    assert found[1].rows == (40, 41, 42)
