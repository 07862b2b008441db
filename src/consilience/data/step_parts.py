"""Which steps of a table in time train, validate and test: always forward in time."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.core.errors import InputError
from consilience.core.recipe import SeriesWindows, Split
from consilience.data.split import PARTS
from consilience.data.table import Table
from consilience.data.time_rows import times_of
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

PART_NAMES = ("train", "valid", "test")
VALID = 0.2
"""Share of the training steps that validate, where the recipe leaves it open."""


def splitting_columns(split: Split) -> list[str]:
    """Columns that say how to split, which are no values."""
    return [c for c in (split.column, split.time) if c]


def parts_of(table: Table, given: Array, series: SeriesWindows, split: Split) -> tuple[Array, str]:
    """int8 [rows], 0 train, 1 valid, 2 test, and a sentence for the user.

    Args:
        given: int8 [rows], the table that each row came from.
    Raises:
        InputError: for a split at random or by group, an unknown column, or unknown names in it.
    """
    if split.method in ("random", "group") or (split.group and split.method == "auto"):
        raise InputError(
            "forecasts are judged forward in time: no split at random or by group",
            where="split",
            fix="Leave split.method and split.group out, or name a column of parts: split.column",
        )
    part = given.copy()
    if split.column:
        part, words = _named(table, str(split.column), given), f"by column {split.column!r}"
    else:
        words = "as given" if (given > 0).any() else "forward in time"
    time = step_times(table, series)
    if not (part == 2).any() and split.test > 0:
        part = _latest(part, time, split.test, 2)
    if not (part == 1).any():
        part = _latest(part, time, split.valid or VALID, 1)
    counts = np.bincount(part, minlength=3)
    said = ", ".join(f"{n:,} {name}" for n, name in zip(counts, ("training", "validation", "test"), strict=True) if n)
    return part, f"steps {words}: {said}"


def _named(table: Table, column: str, given: Array) -> Array:
    cells = as_text(table.require(column, "split column")).str.to_lowercase()
    unknown = cells.filter(~cells.is_in(list(PARTS)).fill_null(False)).unique(maintain_order=True)
    if len(unknown):
        shown = ", ".join("an empty cell" if cell is None else repr(cell) for cell in unknown.head(3))
        fix = "Known: train, valid (validation, val, dev), test"
        raise InputError(f"split names that are not known: {shown}", where=f"column {column!r}", fix=fix)
    codes = cells.replace_strict({k: ("train", "validation", "test").index(v) for k, v in PARTS.items()})
    return np.asarray(np.maximum(codes.to_numpy().astype(np.int8), given))


def step_times(table: Table, series: SeriesWindows) -> Array:
    if series.time is None:
        return np.arange(table.rows, dtype=np.float64)
    return np.asarray(times_of(table.require(series.time, "time column"), f"column {series.time!r}"))


def _latest(part: Array, time: Array, share: float, code: int) -> Array:
    """The parts with the latest distinct times of the training steps, about `share` of them, as `code`."""
    distinct = np.unique(time[(part == 0) & ~np.isnan(time)])
    if len(distinct) < 3:
        raise InputError(f"{len(distinct)} distinct times cannot be divided into training and held-out steps")
    start = distinct[min(max(round(len(distinct) * (1 - share)), 1), len(distinct) - 1)]
    return np.where((part == 0) & (time >= start), np.int8(code), part)
