"""Counting the cells of a column that had to be repaired."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.base import EXAMPLES_KEPT, Problem

LONGEST_EXAMPLE = 60


def count_problem(code: str, column: str, message: str, bad: np.ndarray[Any, Any], cells: pl.Series) -> list[Problem]:
    """One Problem for the rows where `bad` [N] is True, the first cells as examples; [] where none is."""
    rows = np.flatnonzero(bad)
    if not len(rows):
        return []
    first = [int(row) for row in rows[:EXAMPLES_KEPT]]
    return [Problem(code, column, message, len(rows), first, [shown(cells[row]) for row in first])]


def shown(cell: object) -> str:
    """A cell as it is quoted in a message: one short line."""
    text = repr(cell)
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"
