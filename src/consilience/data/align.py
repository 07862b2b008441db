"""A table that the model has not seen, brought to the columns it knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from consilience.core.errors import InputError
from consilience.data.table import Table
from consilience.modalities.base import Problem


def align(table: Table, columns: Iterable[str]) -> tuple[Table, list[Problem]]:
    """The table with exactly `columns`, in that order; an absent column is all missing and counted as a Problem.

    Raises:
        InputError: when the table has none of the columns.
    """
    known = list(columns)
    if table.frame.columns == known:
        return table, []
    present = [c for c in known if c in table.frame.columns]
    if not present:
        raise InputError(
            f"none of the model's columns is in the table; it has {_listed(table.frame.columns)}",
            where=table.name,
            fix=f"The model reads {_listed(known)}",
        )
    frame = table.frame.select(
        pl.col(c) if c in table.frame.columns else pl.lit(None, dtype=pl.String).alias(c) for c in known
    )
    problems = [
        Problem("absent_column", c, "the column is not in the table: treated as missing", table.rows)
        for c in known
        if c not in table.frame.columns
    ]
    return replace(table, frame=frame), problems


def _listed(names: Iterable[str]) -> str:
    every = [repr(n) for n in names]
    return ", ".join(every[:12]) + (", …" if len(every) > 12 else "")
