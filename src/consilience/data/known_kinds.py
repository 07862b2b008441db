"""Categories known ahead (a weekday's name, a promotion, a holiday): of each window one column a step ahead.

A window is a row, so the promotion of the third step ahead is a cell of its own, "promotion +3": the modality
`category` reads it as any other, counts what it never saw, and a served request names it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe
from consilience.data.panel import Panel, is_number
from consilience.data.table import Table
from consilience.modalities.base import EXAMPLES_KEPT, Problem
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

MOST_COLUMNS = 2_000
"""Columns (steps ahead × categories) of a table of windows."""


def split_known(table: Table, recipe: Recipe) -> tuple[list[str], list[str]]:
    """Columns known ahead that hold numbers, and those that hold categories; `columns: {name: category}` decides.

    Raises:
        InputError: where the steps ahead would need too many columns.
    """
    assert recipe.series is not None, "asked only of recipes with a series block"
    kinds = [name for name in recipe.series.known if name in table.frame.columns and _is_kind(table, recipe, name)]
    if len(kinds) * recipe.series.horizon > MOST_COLUMNS:
        raise InputError(
            f"{len(kinds)} categories known {recipe.series.horizon:,} steps ahead need more than "
            f"{MOST_COLUMNS:,} columns",
            where="series.known",
            fix="Lower series.horizon, or write them as numbers (0 and 1)",
        )
    return [name for name in recipe.series.known if name not in kinds], kinds


def _is_kind(table: Table, recipe: Recipe, name: str) -> bool:
    chosen, column = recipe.columns.get(name), table.frame[name]
    if chosen in ("category", "number"):
        return chosen == "category"
    return not is_number(column) and as_text(column).is_not_null().any()


def step_columns(kinds: Sequence[str], horizon: int) -> dict[str, list[str]]:
    """Category → its column of every step ahead, the first step first."""
    return {name: [f"{name} +{step}" for step in range(1, horizon + 1)] for name in kinds}


def kind_cells(
    frame: pl.DataFrame, panel: Panel, origins: Array, horizon: int, kinds: Sequence[str]
) -> list[pl.Series]:
    """The columns of `step_columns`, one cell a window; null where the step is not in the table or has none.

    Args:
        frame: the table whose rows `panel.known_row` names.
    """
    found = []
    for name, columns in step_columns(kinds, horizon).items():
        absent = name not in frame.columns
        text = pl.Series(name, [None] * frame.height, dtype=pl.String) if absent else as_text(frame[name])
        for step, column in enumerate(columns, 1):
            row = panel.known_row[origins + step]
            cells = text.gather(pl.Series(np.maximum(row, 0)))
            found.append((cells.set(pl.Series(row < 0), None) if (row < 0).any() else cells).alias(column))
    return found


def missing_ahead(frame: pl.DataFrame, facts: Mapping[str, Any], horizon: int) -> list[Problem]:
    """Steps ahead of a table of windows whose category is not known.

    Args:
        facts: of the windows, with "kinds".
    """
    problems = []
    for name, columns in step_columns(facts.get("kinds", ()), horizon).items():
        lacking = np.stack([frame[column].is_null().to_numpy() for column in columns], 1)
        if lacking.any():
            what = "steps ahead have no value: treated as missing"
            rows = np.flatnonzero(lacking.any(1))[:EXAMPLES_KEPT].tolist()
            problems.append(Problem("missing_ahead", name, what, int(lacking.sum()), rows))
    return problems
