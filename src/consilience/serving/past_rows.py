"""Rows of a request to a model with a `history`: earlier rows of an id come along and are told to the later ones."""

from __future__ import annotations

from typing import Any

import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError, nearest
from consilience.data.history import add_history, made_columns
from consilience.data.table import Table
from consilience.modalities.cells import cell_text
from consilience.serving.refused import RefusedError


def past_columns(bundle: Bundle) -> list[str]:
    """Columns that a request may hold beside the model's own: id, order and what earlier rows are told by."""
    history = bundle.recipe.history
    if history is None:
        return []
    named = (history.id, history.order, *history.columns, *history.by)
    return list(dict.fromkeys(c for c in named if c is not None))


def with_past(rows: Any, bundle: Bundle, most: int) -> Any:
    """The rows with the columns that `history` makes of the request's own rows; as they are where the model has no
    history, a row holds made columns already, or none names the id.

    Args:
        rows: from JSON, unread. most: rows that a request may hold; more are refused where they are read.
    Raises:
        RefusedError: when the order is neither a number nor a date, or a column is unknown.
    """
    history = bundle.recipe.history
    if history is None or not isinstance(rows, list) or not 0 < len(rows) <= most:
        return rows
    if not all(isinstance(row, dict) for row in rows):
        return rows
    raw, made = past_columns(bundle), made_columns(history)
    _refuse_unknown(rows, [*raw, *bundle.columns])
    if not any(history.id in row for row in rows) or any(name in row for row in rows for name in made):
        return rows
    cells = {c: pl.Series(c, [_cell(row.get(c)) for row in rows], dtype=pl.String) for c in raw}
    try:
        table, _ = add_history(Table(pl.DataFrame(cells), None, "request"), history)
    except InputError as error:
        raise RefusedError(422, str(error)) from None
    dropped = set(raw) - set(bundle.columns)
    told = table.frame.select(c for c in made if c in bundle.columns).to_dicts()
    return [{n: v for n, v in row.items() if n not in dropped} | past for row, past in zip(rows, told, strict=True)]


def _refuse_unknown(rows: list[dict[Any, Any]], known: list[str]) -> None:
    """Here, since the reader of rows knows the made columns alone, and could not tell what was meant by 'studnet'."""
    for number, row in enumerate(rows):
        for name in row:
            if name not in known:
                what = f"row {number}: the model has no column {str(name)[:80]!r}; {nearest(str(name), known)}"
                raise RefusedError(422, what)


def _cell(value: Any) -> str | None:
    return cell_text(value) if isinstance(value, (str, int, float, bool)) else None
