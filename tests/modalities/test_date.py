from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import Prepare
from consilience.modalities.date import FEATURES, Date
from consilience.modalities.date_formats import choose_formats, parse


def moments(values: list[Any]) -> list[str | None]:
    series = pl.Series("d", values)
    seconds = parse(series, choose_formats(series))
    return [None if np.isnan(s) else str(np.datetime64(int(s), "s")) for s in seconds]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2024-03-05", "2024/3/5", "2024.3.5", "2024年3月5日"], "2024-03-05T00:00:00"),
        (
            ["2024-03-05T14:30:05Z", "2024-03-05 14:30:05.25", "2024-03-05 14:30:05+08:00"],
            "2024-03-05T14:30:05",
        ),
        (["2024年3月5日 14:30", "2024年3月5日 14时30分"], "2024-03-05T14:30:00"),
        (
            ["5 March 2024", "Mar 5, 2024", "March 5th, 2024", "Tue, 05 Mar 2024", "5-Mar-24"],
            "2024-03-05T00:00:00",
        ),
        (["20240305", "20240305"], "2024-03-05T00:00:00"),
        ([20240305, 20240305], "2024-03-05T00:00:00"),
        (["2024-03", "2024年3月"], "2024-03-01T00:00:00"),
        ([1709649000, 1709649000], "2024-03-05T14:30:00"),
        ([1709649000123, 1709649000999], "2024-03-05T14:30:00"),
        (["1709649000", "1709649000"], "2024-03-05T14:30:00"),
        ([dt.date(2024, 3, 5)], "2024-03-05T00:00:00"),
        ([dt.datetime(2024, 3, 5, 14, 30)], "2024-03-05T14:30:00"),
        ([2024, 2024], "2024-01-01T00:00:00"),
        (["Mar 2024", "2024 March", "march, 2024", "2024-Mar", "Mar. 2024"], "2024-03-01T00:00:00"),
        (["2024 Q2", "2024Q2", "2024-q2", "Q2 2024", "Q22024", "2024年第2季度"], "2024-04-01T00:00:00"),
        (["2024-W10", "2024 W10", "2024w10", "2024-W10-1", "2024W101"], "2024-03-04T00:00:00"),
        (["2020-W53-7", "2020W537"], "2021-01-03T00:00:00"),
        (["14:30", "14:30:00", "2:30 pm", "02:30 PM", "14时30分"], "1970-01-01T14:30:00"),
        (["12 am", "12AM", "0:00"], "1970-01-01T00:00:00"),
    ],
)
def test_formats(cells: list[Any], expected: str) -> None:
    assert set(moments(cells)) == {expected}


def test_training_rows_decide_between_day_and_month_first() -> None:
    assert moments(["05/03/2024", "25/12/2023"])[0] == "2024-03-05T00:00:00"
    assert moments(["05/03/2024", "12/25/2023"])[0] == "2024-05-03T00:00:00"


def test_monthly_data_show_which_part_is_the_day() -> None:
    assert moments([f"{m}/1/2024" for m in range(1, 13)])[11] == "2024-12-01T00:00:00"
    assert moments([f"1/{m}/2024" for m in range(1, 13)])[11] == "2024-12-01T00:00:00"


def test_the_format_learned_holds_for_new_rows() -> None:
    facts = Date.learn({"d": pl.Series("d", ["12/25/2023", "01/02/2024"])}, Prepare())
    new = Date.arrays({"d": pl.Series("d", ["03/05/2024"])}, facts).arrays["value"][0, 0]
    assert new[2] == pytest.approx(2 / 12)


def test_dates_prepare_alike_as_text_and_as_dates() -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=17 * i) for i in range(50)]
    facts = Date.learn({"d": pl.Series("d", days)}, Prepare())
    text = Date.arrays({"d": pl.Series("d", [d.isoformat() for d in days])}, facts).arrays
    typed = Date.arrays({"d": pl.Series("d", days)}, facts).arrays
    assert np.array_equal(text["value"], typed["value"])


def test_the_clock_of_a_time_zone_counts() -> None:
    zone = pl.Series("d", [dt.datetime(2024, 3, 5, 14, 30)]).dt.replace_time_zone("Asia/Shanghai")
    facts = Date.learn({"d": zone}, Prepare())
    assert Date.arrays({"d": zone}, facts).arrays["value"][0, 0, 5] == pytest.approx(14.5 / 24)


def test_features_are_positions_within_their_cycles() -> None:
    cells = pl.Series("d", ["2024-01-01 00:00", "2024-12-31 23:59", "2023-07-09 18:45"])  # the last is a Sunday
    facts = Date.learn({"d": cells}, Prepare())
    value = Date.arrays({"d": cells}, facts).arrays["value"][:, 0]
    assert value.shape == (3, len(FEATURES))
    assert value[:, 1:].min() >= 0
    assert value[:, 1:].max() < 1
    assert value[0, 1:].tolist() == [0, 0, 0, 0, 0, 0]
    assert value[2, 4:].tolist() == pytest.approx([6 / 7, 18.75 / 24, 0.75])
    assert value[:, 0].mean() == pytest.approx(0, abs=1e-5)


def test_what_is_no_date_is_missing_and_counted() -> None:
    facts = Date.learn({"d": pl.Series("d", ["2024-03-05", "2023-01-31"])}, Prepare())
    cells = pl.Series("d", ["2024-02-30", "2024-13-01", "n/a", "", None, "soon", "2024-02-29"])
    arrays, problems = Date.arrays({"d": cells}, facts)
    assert arrays["mask"][:, 0].tolist() == [False] * 6 + [True]
    assert not arrays["value"][~arrays["mask"]].any()
    assert [(p.code, p.count, p.rows) for p in problems] == [("not_a_date", 3, [0, 1, 5])]


def test_an_empty_column_is_learned() -> None:
    cells = pl.Series("d", [None, None], dtype=pl.String)
    facts = Date.learn({"d": cells}, Prepare())
    assert not Date.arrays({"d": cells}, facts).arrays["mask"].any()


def test_scores() -> None:
    assert Date.score(pl.Series([dt.date(2024, 1, 1)])).score == 1
    assert Date.score(pl.Series(["2024-01-01", "2024-05-02"])).score > 0.9
    assert Date.score(pl.Series(["8:15", "23:59:10"])).score > 0.9
    assert Date.score(pl.Series("created_at", [1709649000, 1700649000])).score > 0.8
    assert Date.score(pl.Series("created_at", [1709649000, 12])).score == 0
    assert Date.score(pl.Series([12, 99, 1000])).score == 0
    assert Date.score(pl.Series(["1999", "2024"])).score == 0
    assert Date.score(pl.Series(["call 5 May", "no date"])).score == 0


def test_numbers_of_the_size_of_times_are_times_only_by_name() -> None:
    assert Date.score(pl.Series("position_long", [1992059008, 1992059264])).score == 0
    assert Date.score(pl.Series("position_long", [20240305, 20240306])).score > 0.8


@pytest.mark.parametrize("cell", ["25:00", "14 pm", "0 am", "7:60", "3:5", "2024 Q5", "Q0 2024", "Marble 2024"])
def test_what_is_no_clock_and_no_quarter(cell: str) -> None:
    assert moments([cell]) == [None]


def test_clocks_prepare_to_the_time_of_day() -> None:
    cells = pl.Series("departure", ["06:00", "18:00", "12:30"])
    facts = Date.learn({"departure": cells}, Prepare())
    value = Date.arrays({"departure": cells}, facts).arrays["value"][:, 0]
    assert value[:, 5].tolist() == pytest.approx([0.25, 0.75, 12.5 / 24])
    assert value[:, 2:5].std(0).max() == 0


def test_a_week_that_the_year_lacks_is_none() -> None:
    assert moments(["2021-W53", "2021-W52", "2021-W01"]) == [None, "2021-12-27T00:00:00", "2021-01-04T00:00:00"]
