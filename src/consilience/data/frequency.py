"""The distance between two steps of a series: inferred, read from a word such as "15m", and carried into the future."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

import numpy as np

from consilience.core.errors import InputError

Array = np.ndarray[Any, Any]
Rhythm = Literal["second", "business", "month", "row"]

UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
DAY, YEAR = 86400.0, 365.2425 * 86400.0
MOST_GAPS = 0.05
"""Larger shares of steps that are longer than usual are no gaps but the series' own rhythm: steps are then rows."""
MONTH_SPREAD = 3.0
"""Days by which calendar months differ from their mean length."""
EVEN = 1e-3
"""Relative difference up to which two distances are the same."""


class Grid(NamedTuple):
    """How steps follow each other.

    rhythm: "second" (a fixed distance), "business" (Monday to Friday), "month" (same day of each month) or "row" (steps
    are rows, whatever their distance). step: the usual distance, in seconds of dates, else in the column's own unit;
    months of "month". dates: times are seconds since 1970.
    """

    rhythm: Rhythm
    step: float
    dates: bool


def read_frequency(text: str, dates: bool) -> Grid:
    """The grid that a word says: a number and s, m, h, d, b (working day), w or mo; a bare number without dates.

    Raises:
        InputError: for another word.
    """
    found = re.fullmatch(r"\s*(\d*\.?\d*)\s*(s|min|m|h|d|b|w|mo)?\s*", text.lower())
    if not text.strip() or found is None or not (found[1] or found[2]) or (found[1] and float(found[1]) <= 0):
        raise InputError(
            f"no frequency: {text!r}", where="series.frequency", fix='Say "15m", "1h", "1d", "1b" or "1mo"'
        )
    number, unit = float(found[1] or 1), found[2]
    if unit == "mo":
        return Grid("month", max(1.0, round(number)), True)
    if unit == "b":
        return Grid("business", DAY, True)
    return Grid("second", number * (UNITS[unit] if unit else 1.0), dates)


def infer_grid(times: Array, starts: Array, dates: bool) -> Grid:
    """The grid of sorted times.

    Args:
        times: float64 [R], rising within each entity. starts: bool [R], True at an entity's first row.
    """
    distances = np.diff(times)[~starts[1:]]
    distances = distances[distances > 0]
    if not len(distances):
        return Grid("row", 1.0, dates)
    values, counts = np.unique(np.round(distances, 6), return_counts=True)
    step = float(values[counts.argmax()])
    if dates and (months := _months(times, starts)):
        return Grid("month", float(months), True)
    if dates and abs(step - DAY) < 1 and not (_weekday(times) >= 5).any() and (distances > 1.5 * DAY).any():
        return Grid("business", DAY, True)
    even = np.abs(distances / step - np.round(distances / step)) < EVEN
    longer = (distances > step * (1 + EVEN)).mean()
    return Grid("second" if even.all() and longer <= MOST_GAPS else "row", step, dates)


def _months(times: Array, starts: Array) -> int:
    """The usual number of calendar months between two steps (1, 3 of quarters, 12 of years); 0 where the steps do not
    follow the calendar, as every 28 days do not."""
    between = ~starts[1:]
    days = np.diff(times)[between] / DAY
    apart = np.diff(_month_of(times))[between]
    apart, days = apart[days > 0], days[days > 0]
    off = np.abs(days - apart * YEAR / DAY / 12)
    weeks = np.ptp(days) < EVEN and days[0] % 7 < EVEN
    if (apart < 1).any() or (off > MONTH_SPREAD).any() or (np.abs(days - np.round(days)) > EVEN).any() or weeks:
        return 0
    usual = int(np.bincount(apart).argmax())
    even = (apart % usual == 0).all() and (apart > usual).mean() <= MOST_GAPS
    return usual if even or usual == 1 else 0


def _month_of(times: Array) -> Array:
    """int64: calendar months since January 1970."""
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def places(times: Array, grid: Grid) -> Array:
    """int64 [R]: the place of each time on its grid, counted from the first; None of "row" (its steps are rows)."""
    if grid.rhythm == "business":
        days = np.floor(times / DAY).astype("datetime64[D]")
        return np.asarray(np.busday_count(np.datetime64("1970-01-01"), days), np.int64)
    if grid.rhythm == "month":
        months = _month_of(times)
        first = months.min() if len(months) else 0
        return np.asarray(np.round((months - first) / grid.step), np.int64)
    return np.asarray(np.round((times - times.min(initial=np.inf)) / grid.step), np.int64)


def after(last: float, steps: int, grid: Grid) -> Array:
    """float64 [steps]: the times that follow `last`."""
    ahead = np.arange(1, steps + 1)
    if grid.rhythm == "business":
        day = np.floor(last / DAY)
        days = np.busday_offset(np.array(day).astype("datetime64[D]"), ahead, roll="backward")
        return np.asarray(days.astype(np.int64) * DAY + (last - day * DAY))
    if grid.rhythm == "month":
        moment = np.array(last).astype("datetime64[s]")
        month = moment.astype("datetime64[M]")
        within = (moment - month.astype("datetime64[s]")).astype(np.int64)
        starts = month + (ahead * int(grid.step)).astype("timedelta64[M]")
        longest = ((starts + 1).astype("datetime64[D]") - starts.astype("datetime64[D]")).astype(np.int64)
        day = np.minimum(within // int(DAY), longest - 1)
        return np.asarray(starts.astype("datetime64[s]").astype(np.int64) + day * DAY + within % int(DAY), np.float64)
    return np.asarray(last + ahead * grid.step, np.float64)


def seasons(grid: Grid) -> list[int]:
    """Lengths of a season, in steps, that the rhythm makes likely; the shortest first."""
    if not grid.dates:
        return [7, 12, 24]
    if grid.rhythm == "business":
        return [5]
    if grid.rhythm == "month":
        return [round(12 / grid.step)] if grid.step <= 6 else []
    lengths = (3600.0, DAY, 7 * DAY, YEAR / 12, YEAR)
    found = [
        round(length / grid.step) for length in lengths if abs(length / grid.step - round(length / grid.step)) < 0.05
    ]
    yearly = [52] if abs(grid.step - 7 * DAY) < 1 else []
    return [n for n in dict.fromkeys([*found, *yearly]) if 2 <= n <= 10_000]


def calendar_names(grid: Grid, years: float) -> list[str]:
    """What `calendar` tells of a time, as fits the grid. years: how long the training steps last."""
    if not grid.dates:
        return []
    step = grid.step * (30 * DAY if grid.rhythm == "month" else 1.0)
    cycles = [("day", step < DAY), ("week", step <= DAY), ("year", years >= 1.0 and step < 300 * DAY)]
    return [f"{part} of {name}" for name, fits in cycles if fits for part in ("sine", "cosine")]


def calendar(times: Array, names: list[str]) -> Array:
    """float32 [..., len(names)] in −1..1: where a time stands in its day, week and year."""
    turns = {"day": times / DAY, "week": (times / DAY - 4) / 7, "year": times / YEAR}  # day 4 of 1970 was a Monday
    waves = {"sine": np.sin, "cosine": np.cos}
    parts = [waves[n.split(" of ")[0]](2 * np.pi * turns[n.split(" of ")[1]]) for n in names]
    return np.stack(parts, -1).astype(np.float32) if parts else np.zeros((*times.shape, 0), np.float32)


def _weekday(times: Array) -> Array:
    return (np.floor(times / DAY).astype(np.int64) + 3) % 7
