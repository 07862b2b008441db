"""What is known of the earlier rows of the same id, told to each row: figures, and the rows themselves as words.

A row hears of rows with the same id and a smaller order, never of itself, of later rows, or of rows of equal order. The
words stand newest first: "12=? 12=1 8=0" is a row about skill 12, after one about 12 that went well and one about 8
that did not (columns skill and correct, by skill).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Group, History, Recipe
from consilience.data.past_rows import ID, ORDER, OWN, ROW, WORD, figure_names, past_figures, past_words
from consilience.data.schema import IGNORE, Schema
from consilience.data.table import Table
from consilience.data.time_rows import times_of
from consilience.modalities.base import EXAMPLES_KEPT, Problem
from consilience.modalities.cells import as_number, as_text

ENCODER = "token_history"
"""Encoder of the words, where the recipe names none."""
UNKNOWN = "?"
"""A cell that is missing, or that is the row's own and not known beforehand."""
LONGEST = 24
"""Characters of a cell in a word."""


def settle_history(recipe: Recipe, table: Table) -> Recipe:
    """The recipe with what `history` leaves open filled from the training table: which columns are averaged, the split
    (by id, unless the recipe says how rows are held out), the encoder of the words, and the group of the figures.

    Raises:
        InputError: for an unknown column, a split at random, names that the table has already, and ids that do not
            recur.
    """
    history = recipe.history
    if history is None:
        return recipe
    for column in (history.id, history.order, *history.columns, *history.by):
        if column is not None:
            table.require(column, "history column")
    if recipe.split.method == "random":
        fix = f"Leave split.method out (whole values of {history.id!r} are held out), or set split.time"
        raise InputError("rows drawn at random would know one another's targets", where="split.method", fix=fix)
    if history.numbers is None:
        measured = tuple(c for c in history.columns if c not in history.by and _holds_numbers(table.frame[c]))
        history = history.model_copy(update={"numbers": measured})
    for column in made_columns(history):
        if column in table.frame.columns:
            where = f"{table.name}, column {column!r}"
            raise InputError("history makes a column of this name", where=where, fix="Set history.into to another name")
    told = add_history(table, history)[0].frame.select(made_columns(history))
    known = [c for c in told.columns if told[c].null_count() < table.rows]
    if not told[f"{history.into} rows"].max():
        where = f"{table.name}, column {history.id!r}"
        raise InputError(
            "no value stands in two rows at different times: no row has a past", where=where, fix="Leave history out"
        )
    split = recipe.split
    if split.method == "auto" and not (split.column or split.group or split.time):
        split = split.model_copy(update={"group": history.id})
    return place_history(recipe.model_copy(update={"split": split}), history, known)


def place_history(recipe: Recipe, history: History | None, known: Collection[str]) -> Recipe:
    """The recipe with a settled history: modality, encoder, group and discipline of the columns that are made, where
    the user set none. Columns not in `known` hold nothing in the training rows and are left out."""
    if history is None:
        return recipe
    into = history.into
    figures = [c for c in made_columns(history)[1:] if c in known]
    empty = dict.fromkeys((c for c in made_columns(history) if c not in known), "ignore")
    placed = {c for group in recipe.groups.values() for c in group.columns}
    groups, own = dict(recipe.groups), into not in placed
    if own:
        groups[into] = Group(columns=(into,), modality="text")
    together = not recipe.disciplines and not placed & {into, *figures}
    if together:
        groups[f"{into} figures"] = Group(columns=tuple(figures), modality="number")
    placed_so = {
        "history": history,
        "groups": groups,
        "encoders": {into: Choice(type=ENCODER), **recipe.encoders} if own else recipe.encoders,
        "columns": {into: "text", **dict.fromkeys(figures, "number"), **empty, **recipe.columns},
        "disciplines": {into: (into, *figures)} if together else recipe.disciplines,
    }
    return recipe.model_copy(update=placed_so)


def _holds_numbers(column: pl.Series) -> bool:
    said = as_text(column).is_not_null()
    return bool(said.any()) and bool(_numbers(as_text(column)).is_not_null().filter(said).all())


def _numbers(cells: pl.Series) -> pl.Series:
    """Cells as numbers, true and false as 1 and 0 (a CSV has them as texts)."""
    return as_number(cells.str.to_lowercase().replace({"true": "1", "false": "0"}))


def made_columns(history: History) -> tuple[str, ...]:
    """Names of the columns that `add_history` makes: the words first, then the figures."""
    return (history.into, *figure_names(history.into, history.numbers or (), history.by))


def add_history(table: Table, history: History | None) -> tuple[Table, list[Problem]]:
    """The table with the columns of `made_columns`; as it is where it has them already, or lacks the id or the order.

    A row without id or order has no past and is in nobody's. The cells of absent columns count as missing.

    Returns:
        the table, and the repairs: columns that are absent, rows without id or order.
    Raises:
        InputError: when cells of the order column are neither numbers nor dates.
    """
    if history is None:
        return table, []
    made, there = made_columns(history), set(table.frame.columns)
    if there.issuperset(made) or not there.issuperset(c for c in (history.id, history.order) if c is not None):
        return table, []
    rows = _rows(table, history)
    lost = rows.filter(pl.col(ID).is_null() | pl.col(ORDER).is_null())[ROW].sort()
    rows = rows.filter(pl.col(ID).is_not_null() & pl.col(ORDER).is_not_null()).sort(ID, ORDER, ROW)
    told = past_figures(rows, history.into, history.numbers or (), history.by)
    told = told.with_columns(past_words(rows, history.past).alias(history.into))
    every = pl.DataFrame({ROW: np.arange(table.rows, dtype=np.int64)})
    told = every.join(told, on=ROW, how="left", maintain_order="left").select(made)
    return replace(table, frame=table.frame.with_columns(told.get_columns())), _problems(table, history, lost)


def without_words(schema: Schema, history: History | None) -> Schema:
    """The schema for checks that look for copies: the words of one id overlap from row to row, as they should."""
    if history is None:
        return schema
    columns = [c._replace(modality=IGNORE) if c.name == history.into else c for c in schema.columns]
    return schema._replace(columns=tuple(columns))


def pieces(tables: Iterable[Table], history: History | None) -> Iterable[Table]:
    """The pieces of a long table as they are, or joined where rows know of one another."""
    if history is None:
        return tables
    parts = list(tables)
    return [replace(parts[0], frame=pl.concat([p.frame for p in parts], how="vertical_relaxed"))]


def _rows(table: Table, history: History) -> pl.DataFrame:
    """The rows as `data.past_rows` reads them, in the table's order."""
    order = np.arange(table.rows, dtype=np.float64)
    if history.order is not None:
        order = times_of(table.frame[history.order], f"{table.name}, column {history.order!r}")
    cells = {c: _cells(table, c) for c in (*history.columns, *history.by)}
    numbers = {f"number {c}": _numbers(cells[c]) for c in history.numbers or ()}
    own = None
    if set(history.columns) & set(history.by):
        own = _word([cells[c] if c in history.by else _missing(table.rows) for c in history.columns])
    return pl.DataFrame(
        {
            ROW: np.arange(table.rows, dtype=np.int64),
            ID: as_text(table.frame[history.id]),
            ORDER: pl.Series(order, nan_to_null=True),
            WORD: _word([cells[c] for c in history.columns]),
            OWN: _missing(table.rows) if own is None else own,
            **numbers,
            **{f"by {c}": cells[c] for c in history.by},
        }
    )


def _cells(table: Table, column: str) -> pl.Series:
    return as_text(table.frame[column]) if column in table.frame.columns else _missing(table.rows)


def _missing(rows: int) -> pl.Series:
    return pl.Series([None] * rows, dtype=pl.String)


def _word(columns: list[pl.Series]) -> pl.Series:
    """Cells of one row as a word without blanks, joined by "="."""
    short = [c.str.replace_all(r"\s+", "_").str.slice(0, LONGEST).fill_null(UNKNOWN) for c in columns]
    frame = pl.DataFrame([c.alias(str(number)) for number, c in enumerate(short)])
    return frame.select(pl.concat_str(pl.all(), separator="=")).to_series()


def _problems(table: Table, history: History, lost: pl.Series) -> list[Problem]:
    """Columns of the past that the table lacks, and rows that have no place in it."""
    absent = dict.fromkeys(c for c in (*history.columns, *history.by) if c not in table.frame.columns)
    found = [
        Problem("absent_column", c, "the column is not in the table: its past counts as unknown", table.rows)
        for c in absent
    ]
    if len(lost):
        name = history.order or history.id
        message = "no id or no order: the row is told no past, and is in nobody's"
        found.append(Problem("no_place_in_history", name, message, len(lost), lost.head(EXAMPLES_KEPT).to_list()))
    return found
