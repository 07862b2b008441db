"""The distance between steps: inferred, read, and carried into the future."""

from __future__ import annotations

import numpy as np
import pytest

from consilience.core.errors import InputError
from consilience.data.frequency import (
    DAY,
    Grid,
    after,
    calendar,
    calendar_names,
    infer_grid,
    places,
    read_frequency,
    seasons,
)


def times(*words: str) -> np.ndarray:
    return np.array(words, "datetime64[s]").astype(np.float64)


def starts(count: int) -> np.ndarray:
    return np.arange(count) == 0


def test_hours_with_one_gap_are_hours() -> None:
    hours = np.delete(np.arange(100) * 3600.0, 50)
    assert infer_grid(hours, starts(99), True) == Grid("second", 3600.0, True)


def test_working_days_are_no_gaps() -> None:
    days = np.array([d for d in range(60) if (d + 3) % 7 < 5]) * DAY
    assert infer_grid(days, starts(len(days)), True).rhythm == "business"


def test_months_differ_in_length() -> None:
    months = np.arange("2020-01", "2022-01", dtype="datetime64[M]").astype("datetime64[s]").astype(np.float64)
    assert infer_grid(months, starts(24), True) == Grid("month", 1.0, True)


def test_irregular_steps_are_rows() -> None:
    random = np.cumsum(np.random.default_rng(0).exponential(10, 200))
    assert infer_grid(random, starts(200), False).rhythm == "row"


def test_the_future_of_a_friday_is_a_monday() -> None:
    found = after(times("2024-03-01")[0], 2, Grid("business", DAY, True))
    assert found.tolist() == times("2024-03-04", "2024-03-05").tolist()


def test_the_month_after_january_31_ends_in_february() -> None:
    found = after(times("2023-01-31T06:00:00")[0], 2, Grid("month", 1.0, True))
    assert found.tolist() == times("2023-02-28T06:00:00", "2023-03-31T06:00:00").tolist()


@pytest.mark.parametrize(("word", "step"), [("15m", 900.0), ("1h", 3600.0), ("2d", 2 * DAY), ("0.5h", 1800.0)])
def test_words_for_a_frequency(word: str, step: float) -> None:
    assert read_frequency(word, True).step == step


@pytest.mark.parametrize("word", ["", "often", "0h", "h1"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(InputError, match="no frequency"):
        read_frequency(word, True)


def test_seasons_fit_the_step() -> None:
    assert seasons(Grid("second", 3600.0, True))[0] == 24
    assert seasons(Grid("second", DAY, True))[0] == 7
    assert seasons(Grid("month", 1.0, True)) == [12]


def test_the_calendar_comes_again_each_day() -> None:
    names = ["sine of day", "cosine of day"]
    assert np.allclose(calendar(np.array([0.0, DAY, 9 * DAY]), names), [[0, 1]] * 3, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "every"), [("2001-01", 12), ("2001-07", 12), ("2000-02", 3), ("2000-06", 6), ("1999-12", 2)]
)
def test_quarters_and_years_are_months_apart(first: str, every: int) -> None:
    months = (np.datetime64(first) + every * np.arange(12)).astype("datetime64[s]").astype(np.float64)
    grid = infer_grid(months, starts(12), True)
    assert grid == Grid("month", float(every), True)
    assert np.diff(places(months, grid)).tolist() == [1] * 11
    ahead = after(months[9], 2, grid)
    assert ahead.tolist() == months[10:].tolist()


def test_month_ends_are_months_apart() -> None:
    ends = (np.arange("2020-02", "2022-02", dtype="datetime64[M]").astype("datetime64[D]") - 1).astype("datetime64[s]")
    assert infer_grid(ends.astype(np.float64), starts(24), True) == Grid("month", 1.0, True)


def test_every_four_weeks_is_no_month() -> None:
    assert infer_grid(np.arange(20) * 28 * 86_400.0, starts(20), True) == Grid("second", 28 * 86_400.0, True)


def test_the_season_of_years_is_none() -> None:
    assert seasons(Grid("month", 12.0, True)) == []
    assert calendar_names(Grid("month", 12.0, True), 17.0) == []
    assert calendar_names(Grid("month", 3.0, True), 17.0) == ["sine of year", "cosine of year"]
