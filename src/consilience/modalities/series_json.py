"""One cell of a series given as nested Python values: numbers, [value …] steps, or steps with a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from consilience.modalities.cells import MISSING_TOKENS

TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "t", "when")
"""Keys, lower case, that hold the time in {time, value} steps."""


class NotASeriesError(ValueError):
    """The cell says something that is no series."""


@dataclass
class Cell:
    """values: float64 [T, K]. times: seconds since 1970 float64 [T], or None. fields: names of the K channels, or ().
    bad: no series. partly: some points could not be read."""

    values: np.ndarray[Any, Any]
    times: np.ndarray[Any, Any] | None = None
    fields: tuple[str, ...] = ()
    bad: bool = False
    partly: bool = False


def read_cell(cell: Any) -> Cell | None:
    """The steps of a cell; None where it is missing or empty."""
    if cell is None or (isinstance(cell, (list, tuple)) and not len(cell)):
        return None
    try:
        return _read(cell)
    except NotASeriesError:
        return Cell(np.zeros((0, 1)), bad=True)


def _read(cell: Any) -> Cell:
    if not isinstance(cell, (list, tuple)):
        raise NotASeriesError
    first = next((step for step in cell if step is not None), None)
    if isinstance(first, dict):
        return _named(cell)
    if isinstance(first, (list, tuple)):
        return _steps(cell)
    points = [_point(point) for point in cell]
    return _checked(np.array([[value] for value, _ in points], np.float64), sum(not read for _, read in points))


def _steps(cell: Any) -> Cell:
    """[[value, …], …], or [[time, value, …], …] where the first of a step is text that reads as a time."""
    steps = [_as_step(step) for step in cell]
    timed = any(step and _is_time(step[0]) for step in steps)
    times = np.array([_seconds(step[0]) if step else np.nan for step in steps]) if timed else None
    steps = [step[1:] for step in steps] if timed else steps
    values = np.full((len(steps), max([1, *map(len, steps)])), np.nan)
    unread = 0
    for place, step in enumerate(steps):
        for channel, (value, read) in enumerate(map(_point, step)):
            values[place, channel] = value
            unread += not read
    found = _checked(values, unread)
    found.times = times
    return found


def _as_step(step: Any) -> list[Any]:
    if step is None:
        return []
    if isinstance(step, (list, tuple)):
        return list(step)
    if isinstance(step, dict):
        raise NotASeriesError
    return [step]


def _named(cell: Any) -> Cell:
    """[{"time": …, name: value, …}, …]: the time's key is known by its name or by its values."""
    steps: list[dict[str, Any]] = [step if isinstance(step, dict) else {} for step in cell]
    keys = list(dict.fromkeys(key for step in steps for key in step))
    clock = next((k for k in keys if str(k).lower() in TIME_NAMES), None)
    clock = clock or next((k for k in keys if any(_is_time(step.get(k)) for step in steps)), None)
    names = [key for key in keys if key != clock]
    if not names:
        raise NotASeriesError
    points = [[_point(step.get(name)) for name in names] for step in steps]
    values = np.array([[value for value, _ in step] for step in points], np.float64)
    found = _checked(values, sum(not read for step in points for _, read in step))
    found.fields = tuple(map(str, names))
    if clock is not None:
        found.times = np.array([_seconds(step.get(clock)) for step in steps])
    return found


def _checked(values: np.ndarray[Any, Any], unread: int) -> Cell:
    """
    Raises:
        NotASeriesError: when fewer points read as numbers than do not.
    """
    if unread and unread >= np.isfinite(values).sum():
        raise NotASeriesError
    return Cell(values, partly=unread > 0)


def _point(value: Any) -> tuple[float, bool]:
    """The number, NaN where it is missing; False where it says something that is no number."""
    if value is None:
        return np.nan, True
    if isinstance(value, (bool, int, float)):
        number = _number(value)
        return number, number == number or value != value
    if isinstance(value, str):
        text = value.strip().lower()
        if text in MISSING_TOKENS or not text:
            return np.nan, True
        number = _number(text)
        return number, number == number
    raise NotASeriesError


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return np.nan
    return number if np.isfinite(number) else np.nan


def _is_time(value: Any) -> bool:
    return not isinstance(value, (bool, int, float)) and _seconds(value) == _seconds(value)


def _seconds(value: Any) -> float:
    """Seconds since 1970 on the time's own clock (an offset from UTC is left out); NaN where it is no time."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, str) and len(value.strip()) >= 8:  # "2024" alone is a number
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return np.nan
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return np.nan
