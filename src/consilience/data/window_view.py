"""What the windows of a table of steps would be, before any is cut: for `inspect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from consilience.core.recipe import Recipe, SeriesWindows
from consilience.data.frequency import Grid
from consilience.data.panel import Panel
from consilience.data.past_length import settle_past
from consilience.data.step_parts import PART_NAMES, splitting_columns
from consilience.data.table import Table
from consilience.data.windows import Laid, lay_windows, moments
from consilience.modalities.base import Problem
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]


class WindowsSeen(NamedTuple):
    """windows, steps: of each part ("train", "valid", "test"). spans: part → first and last time. every: steps between
    two origins. series: how many. short: names of those without a window. past, horizon, season: in steps. frequency:
    in words. roles: what each column is. gaps: steps that were filled in. missing: value and known columns → share
    of the steps without a value. changing: static column → entities in which it changes. problems: repairs."""

    windows: dict[str, int]
    steps: dict[str, int]
    spans: dict[str, tuple[str, str]]
    every: int
    series: int
    short: tuple[str, ...]
    past: int
    horizon: int
    season: int
    frequency: str
    roles: dict[str, tuple[str, ...]]
    gaps: int
    missing: dict[str, float]
    changing: dict[str, int]
    problems: tuple[Problem, ...]
    split: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        found = self._asdict()
        found["problems"] = [{"code": p.code, "column": p.column, "count": p.count} for p in self.problems]
        found["spans"] = {part: list(span) for part, span in self.spans.items()}
        found["roles"] = {role: list(names) for role, names in self.roles.items()}
        return {**found, "short": list(self.short)}


def see_windows(tables: Mapping[str, Table], recipe: Recipe) -> WindowsSeen:
    """
    Args:
        tables: "train", and "valid" and "test" where they are given.
    Raises:
        InputError: as `windows.training_windows`, but not for parts without a window.
    """
    recipe = settle_past(tables, recipe)
    laid, series = lay_windows(tables, recipe), recipe.series
    assert series is not None, "asked only of recipes with a series block"
    panel, filled = laid.panel, int((laid.panel.row < 0).sum())
    few = np.flatnonzero(np.diff(panel.bounds) < series.past + series.horizon)
    return WindowsSeen(
        dict(zip(PART_NAMES, laid.counts.tolist(), strict=True)),
        dict(zip(PART_NAMES, np.bincount(panel.part, minlength=3).tolist(), strict=True)),
        _spans(panel),
        laid.step,
        len(panel.names),
        tuple(panel.names[int(e)] for e in few),
        series.past,
        series.horizon,
        int(laid.facts["season"]),
        frequency_words(panel.grid),
        _roles(laid, recipe),
        filled,
        _missing(laid, series),
        {name: count for name in series.static if (count := _changes(laid.table, series, name))},
        panel.problems,
        laid.said,
    )


def frequency_words(grid: Grid) -> str:
    """ "every hour", "every 2 days", "working days", "every month", "rows, whatever their distance"."""
    if grid.rhythm == "business":
        return "working days"
    if grid.rhythm == "row":
        return "rows, whatever their distance"
    if grid.rhythm == "month":
        return {1: "every month", 3: "every quarter", 12: "every year"}.get(
            int(grid.step), f"every {grid.step:g} months"
        )
    if not grid.dates:
        return f"every {grid.step:g}"
    units = ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
    size, name = next(((s, n) for s, n in units if grid.step >= s and not grid.step % s), (1, "second"))
    count = grid.step / size
    return f"every {name}" if count == 1 else f"every {count:g} {name}s"


def _spans(panel: Panel) -> dict[str, tuple[str, str]]:
    found = {}
    for code, name in enumerate(PART_NAMES):
        times = panel.time[panel.part == code]
        if len(times):
            first, last = moments(np.array([times.min(), times.max()]), panel.grid.dates).to_list()
            found[name] = (str(first), str(last))
    return found


def _roles(laid: Laid, recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Role → columns; roles without a column are left out."""
    series, facts = recipe.series, laid.facts
    assert series is not None, "asked only of recipes with a series block"
    left_out = {*recipe.ignore, *(c for c, m in recipe.columns.items() if m == "ignore")}
    splitting = splitting_columns(recipe.split)
    others = [c for c in facts["others"] if c not in left_out and c not in series.static and c not in splitting]
    roles = {
        "time": [series.time] if series.time else [],
        "entity": [series.id] if series.id else [],
        "target": facts["targets"],
        "past only": [c for c in facts["values"] if c not in facts["targets"] and c not in facts["known"]],
        "known ahead": facts["known"],
        "known ahead, a category": facts["kinds"],
        "calendar": facts["calendar"],
        "static": series.static,
        "read at the origin": others,
        "left out": [c for c in laid.table.frame.columns if c in left_out],
        "says the part": splitting,
    }
    return {role: tuple(names) for role, names in roles.items() if names}


def _missing(laid: Laid, series: SeriesWindows) -> dict[str, float]:
    """Share of the steps of the table (not of those filled in) that lack each column."""
    real = laid.panel.row >= 0
    lacking = [float(np.isnan(column[real]).mean()) for column in (*laid.panel.values.T, *laid.panel.known.T)]
    return dict(zip([*laid.facts["values"], *laid.facts["known"]], lacking, strict=False))


def _changes(table: Table, series: SeriesWindows, name: str) -> int:
    """Entities in which a column takes more than one value."""
    cells = table.frame.select(as_text(table.frame[name]).alias("cell"))
    if series.id is None:
        return int(cells["cell"].n_unique() > 1)
    counts = cells.with_columns(as_text(table.frame[series.id]).alias("id")).drop_nulls().group_by("id")
    return int((counts.n_unique()["cell"] > 1).sum())
