"""Windows of a table of steps: one row a forecast origin, its past and what is known ahead as series, the rest of the
origin's row as ordinary columns, and the steps after it as target.

Nothing after the origin is read but columns that are named `known` and the calendar. Parts go forward in time: a window
belongs to a part where all its target steps do, so none reaches from training into validation or test; its past may
reach back. Statistics come from training steps only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe, SeriesWindows
from consilience.data.frequency import Grid, after, calendar
from consilience.data.known_kinds import kind_cells, missing_ahead, split_known, step_columns
from consilience.data.panel import Panel, make_panel, value_columns
from consilience.data.series_facts import choose_season, learn_calendar, learn_scales
from consilience.data.step_parts import PART_NAMES, parts_of, splitting_columns
from consilience.data.table import Table
from consilience.modalities.base import Problem

Array = np.ndarray[Any, Any]

PAST, FUTURE, ORIGIN, PART = "past", "future", "origin", "part"
"""Columns of a table of windows: the series read, what is known ahead, the origin's time, and the part."""
OWN = (PAST, FUTURE, ORIGIN, PART)
CELLS = 120_000_000
"""Most numbers that all windows hold together (float32): with more, origins are spaced out."""
WAYS = {
    "train": "series.past or series.horizon",
    "valid": "series.horizon, raise split.valid",
    "test": "series.horizon, raise split.test",
}
"""What to lower for a part without a window: a past may reach back into the part before, a horizon may not."""
NAMED = 5
"""Entities that a message names."""


@dataclass(frozen=True)
class Windows:
    """table: one row a window. facts: JSON values, what `tail_windows` and `every_window` need to do the same again.
    problems: repairs. notes: said to the user."""

    table: Table
    facts: dict[str, Any]
    problems: list[Problem]
    notes: tuple[str, ...]


def training_windows(tables: Mapping[str, Table], recipe: Recipe) -> Windows:
    """Windows of "train" (and "valid", "test" where given): columns `past`, `future` (where anything is known ahead),
    `origin`, `part`, the entity, static and other columns, and the target, Array [horizon × targets + targets]: what
    follows, step by step, then each target's MASE scale.

    Raises:
        InputError: for unknown columns, too few steps, or a split that does not go forward in time.
    """
    laid = lay_windows(tables, recipe)
    panel, facts = laid.panel, laid.facts
    _check_parts(laid.counts, _asked(recipe), laid.table.name, "test" in tables or recipe.split.test > 0)
    table = _table(laid.table, panel, laid.origins, recipe, facts)
    notes = [laid.said, _said(laid.counts, laid.step, panel, facts), *_short(panel, _asked(recipe))]
    facts["train_end"] = float(panel.time[panel.part == 0].max())
    return Windows(table, facts, list(panel.problems), tuple(notes))


class Laid(NamedTuple):
    """Windows counted but not cut. table: the steps of all tables below each other. origins: int64 [N] rows of the
    panel. step: steps between two origins. counts: int64 [3], windows of each part. said: how steps were divided."""

    table: Table
    panel: Panel
    facts: dict[str, Any]
    origins: Array
    step: int
    counts: Array
    said: str


def lay_windows(tables: Mapping[str, Table], recipe: Recipe) -> Laid:
    """
    Raises:
        InputError: as `training_windows`, but not for parts without a window.
    """
    series = _asked(recipe)
    joined, given = join_tables(tables)
    other = [series.time, series.id, *recipe.ignore, *splitting_columns(recipe.split)]
    left_out = [c for c, modality in recipe.columns.items() if modality == "ignore"]
    values = value_columns(joined, series, recipe.target, [c for c in (*other, *left_out) if c])
    targets = list(series.targets) or ([recipe.target] if recipe.target != "*" else values)
    part, said = parts_of(joined, given, series, recipe.split)
    known, kinds = split_known(joined, recipe)
    panel = make_panel(joined, series, (values, known), part, None)
    places = [values.index(t) for t in targets]
    season = series.season or choose_season(panel, places, series.horizon, series.past)
    dates = learn_calendar(panel) if series.calendar else []
    roles = {*values, *series.known, *(c for c in other if c)}
    facts = {
        "values": values,
        "targets": targets,
        "known": known,
        "kinds": kinds,
        "calendar": dates,
        "season": season,
        "grid": list(panel.grid),
        "others": [c for c in joined.frame.columns if c not in roles],
        **learn_scales(panel, places, season),
    }
    origins, step = _origins(panel, series, facts)
    counts = np.bincount(panel.part[origins + 1], minlength=3)
    return Laid(joined, panel, facts, origins, step, counts, said)


def every_window(table: Table, recipe: Recipe, facts: Mapping[str, Any]) -> tuple[Table, list[Problem]]:
    """Windows of every origin of a table whose past and horizon are in it, with their targets: to evaluate on.

    Raises:
        InputError: where the table has too few steps for one window.
    """
    series, panel = _asked(recipe), _known_panel(table, recipe, facts)
    origins, _ = _origins(panel, series, facts)
    if not len(origins):
        raise InputError(
            f"no entity has the {series.past + series.horizon} steps of one window", where=table.name,
            fix="Give more steps: the past is read too",
        )  # fmt: skip
    return _table(table, panel, origins, recipe, facts), list(panel.problems)


def tail_windows(table: Table, recipe: Recipe, facts: Mapping[str, Any]) -> tuple[Table, pl.DataFrame, list[Problem]]:
    """One window an entity, whose origin is its last step with a value; the past may be shorter than asked.

    Returns:
        the windows without targets; a frame of entity, time and step (1 …) of every step ahead, [windows × horizon]
        rows; repairs.
    Raises:
        InputError: where no step has a value.
    """
    series, panel = _asked(recipe), _known_panel(table, recipe, facts)
    there = np.flatnonzero(np.isfinite(panel.values).any(1))
    if not len(there):
        shown = ", ".join(facts["values"][:8])
        raise InputError("no step has a value", where=table.name, fix=f"The model reads {shown}")
    _, last = np.unique(panel.entity[there][::-1], return_index=True)
    origins = there[::-1][last]
    problems = list(panel.problems)
    short = [
        panel.names[int(e)]
        for e in panel.entity[origins[origins + 1 - series.past < panel.bounds[panel.entity[origins]]]]
    ]
    if short:
        what = f"fewer than the {series.past} steps that are read: the others are treated as missing"
        problems.append(Problem("short_past", series.id or "rows", what, len(short), [], short[:NAMED]))
    ends = ends_of(panel, origins, series.past, series.horizon)
    frame = _frame(
        table, ends, np.arange(len(origins)) * (series.past + series.horizon) + series.past - 1, recipe, facts
    )
    problems += missing_ahead(frame, facts, series.horizon)
    names = np.array(panel.names)[panel.entity[origins]]
    ahead = {
        **({series.id: np.repeat(names, series.horizon)} if series.id else {}),
        "time": moments(ends.time.reshape(len(origins), -1)[:, series.past :].reshape(-1), panel.grid.dates),
        "step": np.tile(np.arange(1, series.horizon + 1), len(origins)),
    }
    return replace(table, frame=frame), pl.DataFrame(ahead), problems


def _asked(recipe: Recipe) -> SeriesWindows:
    assert recipe.series is not None, "windows are cut where the recipe has a series block"
    return recipe.series


def join_tables(tables: Mapping[str, Table]) -> tuple[Table, Array]:
    """All tables below each other, and int8 [rows]: the table that a row came from (0 train, 1 valid, 2 test)."""
    codes = np.concatenate([np.full(tables[n].rows, i, np.int8) for i, n in enumerate(PART_NAMES) if n in tables])
    if len(tables) == 1:
        return tables["train"], codes
    frames = [tables[name].frame for name in PART_NAMES if name in tables]
    return replace(tables["train"], frame=pl.concat(frames, how="diagonal_relaxed")), codes


def _known_panel(table: Table, recipe: Recipe, facts: Mapping[str, Any]) -> Panel:
    """The panel of a table that the model did not learn from."""
    if not {*facts["values"]} & {*table.frame.columns}:
        shown = ", ".join(map(repr, facts["values"][:8]))
        raise InputError(
            "none of the series' columns is in the table", where=table.name, fix=f"The model reads {shown}"
        )
    part = np.zeros(table.rows, np.int8)
    return make_panel(table, _asked(recipe), (facts["values"], facts["known"]), part, Grid(*facts["grid"]))


def _origins(panel: Panel, series: SeriesWindows, facts: Mapping[str, Any]) -> tuple[Array, int]:
    """int64 [N] rows that are origins, and the steps between them."""
    first, end = (np.repeat(b, np.diff(panel.bounds)) for b in (panel.bounds[:-1], panel.bounds[1:]))
    rows = np.arange(panel.rows)
    whole = (rows - series.past + 1 >= first) & (rows + series.horizon < end)
    origins = rows[whole]
    changes = np.r_[0, np.cumsum(np.diff(panel.part) != 0)]
    held = np.r_[0, np.cumsum(panel.part > 0)]
    origins = origins[changes[origins + series.horizon] == changes[origins + 1]]
    inside = held[origins + series.horizon + 1] == held[origins - series.past + 1]
    origins = origins[inside | (panel.part[origins + 1] > 0)]  # training windows read training steps only
    places = [facts["values"].index(t) for t in facts["targets"]]
    seen = np.r_[0, np.cumsum(np.isfinite(panel.values[:, places]).any(1))]
    origins = origins[(seen[origins + series.horizon + 1] > seen[origins + 1])]
    width = series.past * len(facts["values"]) + series.horizon * (
        len(places) + len(facts["known"]) + len(facts["calendar"])
    )
    step = series.step or max(1, -(-len(origins) * width // CELLS))
    return origins[(end[origins] - 1 - series.horizon - origins) % step == 0], step


def _table(table: Table, panel: Panel, origins: Array, recipe: Recipe, facts: Mapping[str, Any]) -> Table:
    """The windows with their targets."""
    series = _asked(recipe)
    frame = _frame(table, panel, origins, recipe, facts)
    places = [facts["values"].index(t) for t in facts["targets"]]
    target = _cut(panel.values[:, places], origins + 1, series.horizon).reshape(len(origins), -1)
    usual = facts["naive_error_usual"]
    scales = np.array([facts["naive_error"].get(name, usual) for name in panel.names], np.float32)
    whole = np.concatenate([target, scales[panel.entity[origins]]], 1)
    if recipe.target in frame.columns:
        raise InputError(f"a column of windows is named {recipe.target!r}", where=table.name, fix="Rename the target")
    return replace(table, frame=frame.with_columns(_arrays(recipe.target, whole)))


def _frame(table: Table, panel: Panel, origins: Array, recipe: Recipe, facts: Mapping[str, Any]) -> pl.DataFrame:
    """Everything but the target."""
    series = _asked(recipe)
    steps = [c for columns in step_columns(facts.get("kinds", ()), series.horizon).values() for c in columns]
    clash = [c for c in (*OWN, *steps) if c in facts["others"] or c == series.id]
    if clash:
        raise InputError(f"column {clash[0]!r} has a name that windows need", where=table.name, fix="Rename it")
    row = panel.row[origins]
    rows = pl.Series(np.where(row < 0, 0, row))
    columns = [pl.Series(ORIGIN, moments(panel.time[origins], panel.grid.dates))]
    columns.append(pl.Series(PART, [PART_NAMES[p] for p in panel.part[np.minimum(origins + 1, panel.rows - 1)]]))
    if series.id:
        columns.append(pl.Series(series.id, [panel.names[int(e)] for e in panel.entity[origins]], dtype=pl.String))
    columns.append(_arrays(PAST, _cut(panel.values, origins - series.past + 1, series.past)))
    ahead = _cut(panel.known, origins + 1, series.horizon)
    times = _cut(panel.time[:, None], origins + 1, series.horizon)[:, :, 0] if facts["calendar"] else np.zeros(0)
    if facts["calendar"]:
        ahead = np.concatenate([ahead, calendar(times, facts["calendar"])], 2)
    if ahead.shape[2]:
        columns.append(_arrays(FUTURE, ahead))
    columns += kind_cells(table.frame, panel, origins, series.horizon, facts.get("kinds", ()))
    for name in facts["others"]:
        if name in table.frame.columns:
            cells = table.frame[name].gather(rows)
            columns.append(cells.set(pl.Series(row < 0), None) if (row < 0).any() else cells)
    return pl.DataFrame(columns)


def _cut(values: Array, starts: Array, length: int) -> Array:
    """[R, K] → [N, length, K]: `length` rows from each start."""
    if not len(starts):
        return np.zeros((0, length, values.shape[1]), values.dtype)
    views = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    return np.ascontiguousarray(views[starts].transpose(0, 2, 1))


def _arrays(name: str, values: Array) -> pl.Series:
    """[N, …] as a column of fixed-size arrays of float32."""
    return pl.Series(name, values.astype(np.float32, copy=False), dtype=pl.Array(pl.Float32, values.shape[1:]))


def ends_of(panel: Panel, origins: Array, past: int, horizon: int) -> Panel:
    """A panel of past + horizon rows an origin: missing in front where there are too few, and after the origin nothing
    but what is known ahead."""
    rows = origins[:, None] + np.arange(1 - past, horizon + 1)
    entity = panel.entity[origins]
    inside = (rows >= panel.bounds[entity][:, None]) & (rows < panel.bounds[entity + 1][:, None])
    read = inside & (rows <= origins[:, None])
    at = np.clip(rows, 0, panel.rows - 1)
    times = panel.time[at]
    times[:, past:] = [after(float(panel.time[o]), horizon, panel.grid) for o in origins]
    width = past + horizon
    return replace(
        panel,
        names=[panel.names[int(e)] for e in entity],
        bounds=np.arange(len(origins) + 1, dtype=np.int64) * width,
        time=times.reshape(-1),
        values=np.where(read[:, :, None], panel.values[at], np.float32(np.nan)).reshape(len(origins) * width, -1),
        known=np.where(inside[:, :, None], panel.known[at], np.float32(np.nan)).reshape(len(origins) * width, -1),
        row=np.where(read, panel.row[at], -1).reshape(-1),
        ahead=np.where(inside, panel.known_row[at], -1).reshape(-1),
        part=np.zeros(len(origins) * width, np.int8),
    )


def moments(times: Array, dates: bool) -> pl.Series:
    """Times as a column: dates to the microsecond, or numbers."""
    if not dates:
        return pl.Series(times, dtype=pl.Float64)
    return pl.Series(np.round(times * 1e6).astype(np.int64)).cast(pl.Datetime("us"))


def _check_parts(counts: Array, series: SeriesWindows, name: str, tested: bool) -> None:
    """
    Raises:
        InputError: where training, validation or test rows hold no whole window.
    """
    parts = zip(("training", "validation", "test"), counts, WAYS.values(), strict=True)
    for what, count, way in list(parts)[: 3 if tested else 2]:
        if not count:
            raise InputError(
                f"no window of {series.past} steps and {series.horizon} more lies in the {what} steps",
                where=name,
                fix=f"Lower {way}, or give more steps",
            )


def _said(counts: Array, step: int, panel: Panel, facts: Mapping[str, Any]) -> str:
    rhythm, distance, dates = panel.grid
    unit = {"business": "working days", "month": f"{distance:g} month", "row": "rows"}.get(rhythm)
    unit = unit or (f"{distance:,.10g} s" if dates else f"{distance:g}")
    spaced = f", one origin every {step} steps" if step > 1 else ""
    windows = ", ".join(f"{n:,} {name}" for n, name in zip(counts, ("training", "validation", "test"), strict=True))
    season = f"season of {facts['season']} steps" if facts["season"] > 1 else "no season"
    return f"windows: {windows} of {len(panel.names):,} series (steps: {unit}; {season}{spaced})"


def _short(panel: Panel, series: SeriesWindows) -> list[str]:
    """Entities without a single window."""
    few = np.flatnonzero(np.diff(panel.bounds) < series.past + series.horizon)
    if not len(few):
        return []
    named = ", ".join(repr(panel.names[int(e)]) for e in few[:NAMED]) + (" …" if len(few) > NAMED else "")
    return [f"{len(few):,} of {len(panel.names):,} series are shorter than one window and teach nothing: {named}"]


def block_codes(origins: pl.Series, horizon: int) -> Array:
    """int64 [N]: blocks of consecutive origins, which the bootstrap draws together since their windows overlap (block
    bootstrap, Carlstein 1986). A block spans twice the horizon, less where that leaves fewer than ten blocks."""
    place = origins.rank("dense").to_numpy().astype(np.int64) - 1
    times = int(place.max(initial=0)) + 1
    return np.asarray(place // max(1, min(2 * horizon, times // 10)))


def series_columns(frame: pl.DataFrame) -> Sequence[str]:
    """The columns of a table of windows that are series."""
    return [c for c in (PAST, FUTURE) if c in frame.columns]
