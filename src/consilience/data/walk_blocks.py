"""Earlier test blocks of a table of steps, each with the steps before it only: evaluation with a rolling origin.

Tashman 2000, "Out-of-sample tests of forecasting accuracy: an analysis and review" (Int. J. Forecasting 16): one test
period says how a method did in one stretch of time; several, each forecast by a model of its own past, say how it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe, SeriesWindows, Split
from consilience.data.step_parts import PART_NAMES, VALID, parts_of, splitting_columns, step_times
from consilience.data.table import Table
from consilience.data.windows import join_tables
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]


class Block(NamedTuple):
    """first, last: its first and last step as the table writes them. until: the last step known before it. tables:
    "train", "valid" and "test", the steps to train on and to judge; empty for the run's own test steps."""

    first: str
    last: str
    until: str
    tables: dict[str, Table]


class Walk(NamedTuple):
    """The recipe that earlier blocks are planned with; the blocks, oldest first, the run's own test steps last."""

    recipe: Recipe
    blocks: list[Block]


def walk_blocks(tables: Mapping[str, Table], recipe: Recipe, facts: Mapping[str, Any]) -> Walk | None:
    """`split.folds` blocks of as many distinct times as the test steps have; None where one is enough.

    Args:
        facts: of the windows of the run itself: the values stay the same in every block.
    Raises:
        InputError: where there are no test steps, or too few steps before them for so many blocks.
    """
    count, series = int(recipe.split.folds or 1), recipe.series
    if count == 1:
        return None
    assert series is not None, "asked only of recipes with a series block"
    table, given = join_tables(tables)
    part, _ = parts_of(table, given, series, recipe.split)
    time = step_times(table, series)
    tested = np.unique(time[(part == 2) & ~np.isnan(time)])
    if not len(tested):
        raise InputError("there are no test steps to walk up to", where="split.folds", fix="Leave split.test above 0")
    before = np.unique(time[(part < 2) & (time < tested[0])])
    shares = [len(np.unique(time[(part == code) & ~np.isnan(time)])) for code in (0, 1)]
    valid = shares[1] / sum(shares) if shares[1] else VALID
    cuts = [_parts(before, len(tested), back, valid, series.horizon) for back in range(count - 1, 0, -1)]
    _check(cuts, series, (len(before), len(tested)))
    blocks = [Block(*_names(table, series, time, cut), _tables(table, time, cut)) for cut in cuts]
    own = Block(*_names(table, series, time, (before, before[-1:], tested)), {})
    return Walk(_recipe(recipe, facts), [*blocks, own])


Cut = tuple[Array, Array, Array]
"""Distinct times that train, validate and test."""


def _parts(before: Array, size: int, back: int, valid: float, horizon: int) -> Cut:
    """The block that ends `back` − 1 blocks before the test steps."""
    end = len(before) - (back - 1) * size
    start = max(end - size, 0)
    held = max(round(start * valid), horizon)
    return before[: max(start - held, 0)], before[max(start - held, 0) : start], before[start : max(end, 0)]


def _check(cuts: list[Cut], series: SeriesWindows, known: tuple[int, int]) -> None:
    """
    Raises:
        InputError: where the oldest block leaves no training window.
    """
    needed = series.past + series.horizon
    for place, (train, _, test) in enumerate(cuts):
        if len(train) >= needed and len(test) >= known[1]:
            if place == 0:
                return
            fits = len(cuts) - place + 1
            fix = f"At most split.folds={fits} fits; or lower series.past, series.horizon or split.test"
            break
    else:
        fix = "Leave split.folds out, or lower series.past, series.horizon or split.test"
    raise InputError(
        f"{len(cuts) + 1} blocks of {known[1]:,} steps leave {len(cuts[0][0]):,} of the {known[0]:,} steps before the "
        f"test to train the oldest on, a window needs {needed:,}",
        where="split.folds",
        fix=fix,
    )


def _names(table: Table, series: SeriesWindows, time: Array, cut: Cut) -> tuple[str, str, str]:
    """First and last step of the block, and the last one before it."""
    wanted = (cut[2][0], cut[2][-1], cut[1][-1])
    if series.time is None:
        return tuple(f"row {int(t) + 1}" for t in wanted)  # type: ignore[return-value]
    text = as_text(table.frame[series.time])
    return tuple(str(text[int(np.argmax(time == t))]) for t in wanted)  # type: ignore[return-value]


def _tables(table: Table, time: Array, cut: Cut) -> dict[str, Table]:
    return {
        name: replace(table.take(np.flatnonzero(np.isin(time, times))), name=f"{table.name} ({name})")
        for name, times in zip(PART_NAMES, cut, strict=True)
    }


def _recipe(recipe: Recipe, facts: Mapping[str, Any]) -> Recipe:
    """The user's recipe for tables that are cut already: no column says a row's part, and none of them is a value."""
    assert recipe.series is not None, "asked only of recipes with a series block"
    series = recipe.series.model_copy(update={"values": tuple(facts["values"])})
    ignore = tuple(dict.fromkeys([*recipe.ignore, *splitting_columns(recipe.split)]))
    split = Split(test=recipe.split.test, folds=1)
    return recipe.model_copy(update={"series": series, "ignore": ignore, "split": split})
