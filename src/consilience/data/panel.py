"""A table of steps, long or wide, as arrays in the order of entity and time: what windows are cut from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from consilience.core.errors import InputError, nearest
from consilience.core.recipe import SeriesWindows
from consilience.data.frequency import Grid, infer_grid, places, read_frequency
from consilience.data.table import Table
from consilience.data.time_rows import times_of
from consilience.modalities.base import EXAMPLES_KEPT, Problem
from consilience.modalities.cells import as_number, as_text

Array = np.ndarray[Any, Any]

MOST_FILLED = 20
"""A grid that would need more rows than this many times those there are is none: steps are then rows."""


@dataclass(frozen=True)
class Panel:
    """R steps, sorted by entity and time; each entity's rows stand together.

    names: the entities. bounds: int64 [E + 1], rows bounds[e]:bounds[e + 1] are entity e's. time: float64 [R]. values:
    float32 [R, K], NaN where missing. known: float32 [R, F]. row: int64 [R], the row of the table, −1 where a gap was
    filled. known_row: the same, but also of steps ahead, of which only what is known ahead may be read. part: int8 [R],
    0 train, 1 valid, 2 test.
    """

    names: list[str]
    bounds: Array
    time: Array
    values: Array
    known: Array
    row: Array
    part: Array
    grid: Grid
    problems: tuple[Problem, ...] = ()
    ahead: Array | None = None

    @property
    def known_row(self) -> Array:
        return self.row if self.ahead is None else self.ahead

    @property
    def rows(self) -> int:
        return len(self.time)

    @property
    def entity(self) -> Array:
        """int64 [R]."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.bounds))


def make_panel(
    table: Table, series: SeriesWindows, columns: tuple[Sequence[str], Sequence[str]], part: Array, grid: Grid | None
) -> Panel:
    """Sort, merge equal times (the last row stays) and fill gaps with missing steps; every repair is counted.

    Args:
        columns: names of the value columns, and of those known ahead. part: int8 [rows] of the table. grid: of the
            training steps; inferred when None.
    Raises:
        InputError: when the time column holds no times, or one time has many rows and no entity column is named.
    """
    frame = table.frame
    time, dates = _times(table, series)
    entity, names = _entities(table, series)
    order = np.lexsort((time, entity))
    order = order[~np.isnan(time[order])]
    problems = [_missing_time(series, np.flatnonzero(np.isnan(time)))]
    later = np.r_[(np.diff(entity[order]) != 0) | (np.diff(time[order]) != 0), True]
    repeated = order[~later]
    if series.id is None and len(repeated) > 0.2 * len(order):
        raise InputError(
            f"{len(repeated):,} of {len(order):,} rows share their time with another one",
            where=f"{table.name}, column {series.time!r}",
            fix="Name the column of the entities with --set series.id=COLUMN",
        )
    problems.append(_repeated(series, repeated))
    order = order[later]
    if not len(order):
        raise InputError("no row has a time", where=f"{table.name}, column {series.time!r}")
    values, broken = _numbers(frame, columns[0])
    known, other = _numbers(frame, columns[1])
    starts = np.r_[True, np.diff(entity[order]) != 0]
    if grid is None:
        asked = series.frequency
        grid = read_frequency(asked, dates) if asked else infer_grid(time[order], starts, dates)
    bounds = np.r_[np.flatnonzero(starts), len(order)].astype(np.int64)
    panel = Panel(
        [names[int(e)] for e in entity[order][starts]],
        bounds,
        time[order],
        values[order],
        known[order],
        order.astype(np.int64),
        part[order],
        grid,
    )
    filled, gaps = _filled(panel, series)
    found = [p for p in (*problems, *broken, *other, gaps) if p is not None and p.count]
    return replace(filled, problems=tuple(found))


def _times(table: Table, series: SeriesWindows) -> tuple[Array, bool]:
    """float64 [rows] and whether they are dates."""
    if series.time is None:
        return np.arange(table.rows, dtype=np.float64), False
    column = table.require(series.time, "time column")
    times = times_of(column, f"column {series.time!r}")
    numbers = column.dtype == pl.String and as_number(column).null_count() == column.null_count()
    return np.asarray(times), not (column.dtype.is_numeric() or numbers)


def _entities(table: Table, series: SeriesWindows) -> tuple[Array, list[str]]:
    """int64 [rows] and the names, in the order of their codes."""
    if series.id is None:
        return np.zeros(table.rows, np.int64), [""]
    text = as_text(table.require(series.id, "entity column")).fill_null("")
    names = text.unique().sort()
    codes = text.replace_strict(names, pl.int_range(len(names), eager=True), return_dtype=pl.Int64)
    return codes.to_numpy(), names.to_list()


def _numbers(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[Array, list[Problem]]:
    """float32 [rows, columns], NaN where missing, absent or no number."""
    found = np.full((frame.height, len(columns)), np.nan, np.float32)
    problems = []
    for i, name in enumerate(columns):
        if name not in frame.columns:
            what = "the column is not in the table: treated as missing"
            problems.append(Problem("absent_column", name, what, frame.height))
            continue
        cells = frame[name]
        number = as_number(cells).cast(pl.Float64)
        found[:, i] = number.fill_null(np.nan).to_numpy()
        text = as_text(cells)
        wrong = np.flatnonzero((number.is_null() & text.is_not_null()).to_numpy())
        shown = [str(text[int(row)]) for row in wrong[:EXAMPLES_KEPT]]
        problems.append(_problem("not_a_number", name, "cells are no numbers: treated as missing", wrong, shown))
    found[~np.isfinite(found)] = np.nan
    return found, problems


def _missing_time(series: SeriesWindows, rows: Array) -> Problem:
    return _problem("missing_time", str(series.time), "rows without a time are left out", rows)


def _repeated(series: SeriesWindows, rows: Array) -> Problem:
    return _problem("duplicate_time", str(series.time), "the time comes again: the last of the rows is kept", rows)


def _problem(code: str, column: str, message: str, rows: Array, examples: Sequence[str] = ()) -> Problem:
    return Problem(code, column, message, len(rows), [int(r) for r in rows[:EXAMPLES_KEPT]], list(examples))


def _filled(panel: Panel, series: SeriesWindows) -> tuple[Panel, Problem | None]:
    """The panel with a row for every step of its grid; steps that were not there are missing."""
    if panel.grid.rhythm == "row" or panel.rows < 2:
        return panel, None
    place = places(panel.time, panel.grid)
    jump = np.r_[0, np.diff(place)]
    jump[panel.bounds[:-1]] = 1
    jump = np.maximum(jump, 1)  # two times that fall on one step (a clock set back) stay two rows
    gaps = int((jump - 1).sum())
    if not gaps or gaps > MOST_FILLED * panel.rows:
        return panel, None
    target = np.cumsum(jump) - 1
    rows = int(target[-1]) + 1
    known_at = np.zeros(rows, bool)
    known_at[target] = True
    source = np.maximum.accumulate(np.where(known_at, np.cumsum(known_at) - 1, 0))
    ahead = np.arange(rows) - target[source]
    time = panel.time[source] + ahead * (panel.time[1:] - panel.time[:-1])[
        np.minimum(source, panel.rows - 2)
    ] / np.maximum(jump[np.minimum(source + 1, panel.rows - 1)], 1)
    bounds = np.r_[target[panel.bounds[:-1]], rows].astype(np.int64)
    filled = Panel(
        panel.names,
        bounds,
        np.where(known_at, panel.time[source], time),
        np.where(known_at[:, None], panel.values[source], np.float32(np.nan)),
        np.where(known_at[:, None], panel.known[source], np.float32(np.nan)),
        np.where(known_at, panel.row[source], -1),
        panel.part[source],
        panel.grid,
    )
    after_gap = panel.row[np.flatnonzero(jump > 1)]
    message = f"steps are not in the table ({len(after_gap):,} gaps): treated as missing"
    problem = Problem("gap", str(series.time), message, gaps, [int(r) for r in after_gap[:EXAMPLES_KEPT]])
    return filled, problem


def value_columns(table: Table, series: SeriesWindows, target: str, other: Sequence[str]) -> list[str]:
    """Names of the columns whose past is read, targets among them.

    Args:
        other: columns with another role, which are no values unless they are named.
    Raises:
        InputError: for an unknown column, or where nothing is left to forecast.
    """
    frame = table.frame
    asked = [*series.values, *series.targets, *([target] if target != "*" and not series.targets else [])]
    for name in (*asked, *series.known, *series.static):
        if name not in frame.columns:
            raise InputError(f"no column is named {name!r}", where=table.name, fix=nearest(name, frame.columns))
    if not series.values:
        taken = {*other, *series.known, *series.static}
        asked = [c for c in frame.columns if (c not in taken and is_number(frame[c])) or c in asked]
    found = list(dict.fromkeys(asked))
    if not found:
        raise InputError(
            "no column of numbers to forecast", where=table.name, fix="Name them: --set series.values=[a,b]"
        )
    return found


def is_number(column: pl.Series) -> bool:
    """Whether nearly all of a column's cells are numbers."""
    if column.dtype.is_numeric():
        return True
    text = as_text(column).drop_nulls().head(1000)
    return column.dtype == pl.String and len(text) > 0 and as_number(text).null_count() < 0.02 * len(text)
