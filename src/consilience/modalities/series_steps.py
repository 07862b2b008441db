"""What a column of series says, as one long table of steps: every row's steps one after the other.

The ragged form keeps a million short windows in a few arrays; `read_steps` fills it from whatever type the file gave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.cells import as_text
from consilience.modalities.series_json import Cell, read_cell
from consilience.modalities.series_text import plain_steps, read_lines

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass
class Steps:
    """The steps of N rows, S steps in all.

    values: float64 [S, K], NaN = a missing point. times: seconds since 1970 float64 [S], NaN where a step has none;
    None where no step has one. counts: int64 [N], steps of each row, 0 = a missing cell. bad: bool [N], True where a
    cell says something that is no series. partly: bool [N], True where points of a series could not be read. fields:
    names of the channels where cells are lists of {"time": …, name: value}.
    """

    values: Floats
    times: Floats | None
    counts: Integers
    bad: np.ndarray[Any, Any]
    partly: np.ndarray[Any, Any]
    fields: list[str] | None = None

    @property
    def rows(self) -> Integers:
        """int64 [S]: the row of each step."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def places(self) -> Integers:
        """int64 [S]: the place of each step in its row, from 0."""
        starts = np.cumsum(self.counts) - self.counts
        return np.arange(len(self.values)) - np.repeat(starts, self.counts)


def read_steps(series: pl.Series, fields: list[str] | None = None) -> Steps:
    """Lists of numbers, lists of lists (time × channels), lists of {time, value} or [time, value …], or text of these.

    Args:
        fields: names of the channels of {time, name: value} cells, where they are known.
    """
    dtype = series.dtype
    if isinstance(dtype, pl.Array):
        return read_steps(_as_lists(series), fields)
    if isinstance(dtype, pl.List) and _plain(dtype.inner):
        return _flat(series)
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, (pl.List, pl.Array)) and _plain(dtype.inner.inner):
        return _nested(series.cast(pl.List(pl.List(pl.Float64)), strict=False))
    if isinstance(dtype, pl.List):
        return _joined([read_cell(cell) for cell in series.to_list()], fields)
    if dtype == pl.Binary or dtype == pl.Null:
        bad = series.is_not_null().to_numpy()
        return Steps(np.zeros((0, 1)), None, np.zeros(len(series), np.int64), bad, np.zeros(len(series), bool))
    return _text(as_text(series), fields)


def cell_column(cell: Any) -> pl.Series:
    """One cell, of a request or a log, as a column: lists as JSON, which holds numbers beside times."""
    return pl.Series("cell", [cell if isinstance(cell, str) else json.dumps(cell, default=str)], dtype=pl.String)


def _plain(dtype: Any) -> bool:
    return bool(dtype.is_numeric() or dtype == pl.Boolean or dtype == pl.Null)


def _as_lists(series: pl.Series) -> pl.Series:
    """Arrays as lists, at both levels."""
    inner: Any = series.dtype.inner  # type: ignore[attr-defined]
    inside = pl.List(inner.inner) if isinstance(inner, pl.Array) else inner
    return series.cast(pl.List(inside))


def _flat(series: pl.Series) -> Steps:
    counts = series.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    numbers = _exploded(series, counts).cast(pl.Float64).to_numpy().astype(np.float64)
    none = np.zeros(len(series), bool)
    return Steps(_finite(numbers).reshape(-1, 1), None, counts, none, none)


def _nested(series: pl.Series) -> Steps:
    counts = series.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    steps = _exploded(series, counts)
    widths = steps.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    numbers = _finite(_exploded(steps, widths).cast(pl.Float64).to_numpy().astype(np.float64))
    values = np.full((len(steps), max(1, int(widths.max(initial=1)))), np.nan)
    step = np.repeat(np.arange(len(steps)), widths)
    values[step, np.arange(len(numbers)) - np.repeat(np.cumsum(widths) - widths, widths)] = numbers
    none = np.zeros(len(series), bool)
    return Steps(values, None, counts, none, none)


def _exploded(series: pl.Series, counts: Integers) -> pl.Series:
    """The items of all lists; an empty or missing list has none."""
    kept = series.filter(pl.Series(counts > 0))
    return kept.explode(empty_as_null=True, keep_nulls=True)


def _finite(numbers: Floats) -> Floats:
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _text(text: pl.Series, fields: list[str] | None) -> Steps:
    """Plain numbers are read all at once; what is JSON or has two levels, cell by cell."""
    plain = plain_steps(text)
    if not plain.other.any():
        return Steps(plain.values.reshape(-1, 1), None, plain.counts, plain.bad, plain.partly)
    cells: list[Cell | None] = []
    starts = np.cumsum(plain.counts) - plain.counts
    said = text.to_list()
    for row in range(len(text)):
        if plain.other[row]:
            cells.append(read_lines(said[row]))
        elif plain.bad[row]:
            cells.append(Cell(np.zeros((0, 1)), bad=True))
        elif plain.counts[row]:
            values = plain.values[starts[row] : starts[row] + plain.counts[row]]
            cells.append(Cell(values.reshape(-1, 1), partly=bool(plain.partly[row])))
        else:
            cells.append(None)
    return _joined(cells, fields)


def _joined(cells: list[Cell | None], fields: list[str] | None) -> Steps:
    """Cells read one by one, side by side; channels by name where cells name them."""
    known = fields or list(dict.fromkeys(name for cell in cells if cell is not None for name in cell.fields))
    width = max([1, len(known), *(cell.values.shape[1] for cell in cells if cell is not None)])
    counts = np.array([0 if cell is None else len(cell.values) for cell in cells], np.int64)
    values = np.full((int(counts.sum()), width), np.nan)
    times = np.full(len(values), np.nan)
    start = 0
    for cell in cells:
        if cell is None or not len(cell.values):
            continue
        stop = start + len(cell.values)
        for channel in range(cell.values.shape[1]):
            name = cell.fields[channel] if cell.fields else None
            if name is None or name in known:
                values[start:stop, channel if name is None else known.index(name)] = cell.values[:, channel]
        if cell.times is not None:
            times[start:stop] = cell.times
        start = stop
    bad = np.array([cell is not None and cell.bad for cell in cells], bool)
    partly = np.array([cell is not None and cell.partly for cell in cells], bool)
    return Steps(values, None if np.isnan(times).all() else times, counts, bad, partly, known or None)
