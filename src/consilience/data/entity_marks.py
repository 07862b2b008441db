"""Two entities of a text, marked in it, so that a classifier of texts can say what holds between them.

The marks are those of Baldini Soares et al. 2019, "Matching the Blanks" (arXiv 1906.03158):
"[E1] Ada [/E1] taught [E2] Bob [/E2]". The first entity is the head of the relation, the second its tail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from consilience.core.errors import InputError
from consilience.core.recipe import Relation
from consilience.data.table import Table
from consilience.modalities.base import EXAMPLES_KEPT, Problem
from consilience.modalities.cells import as_text

OPEN, CLOSE = ("[E1]", "[E2]"), ("[/E1]", "[/E2]")
MARKED = re.compile(r"(?s)^(?=.*\[E1\](.*?)\[/E1\])(?=.*\[E2\](.*?)\[/E2\])")
PLACE = re.compile(r"\s*(\d+)\s*[:\-–]\s*(\d+)\s*")
"""Characters from and to (exclusive), counted from 0."""


class Span(NamedTuple):
    """Characters from (inclusive) and to (exclusive)."""

    start: int
    end: int


def mark_table(table: Table, relation: Relation | None) -> tuple[Table, list[Problem]]:
    """The table with the entities marked in its text column. Texts that hold marks already stay as they are; a text in
    which an entity cannot be found becomes missing, and is counted as a Problem."""
    if relation is None or relation.text not in table.frame.columns:
        return table, []
    texts = as_text(table.frame[relation.text]).to_list()
    named = [_cells(table, column) for column in (relation.head, relation.tail)]
    marked: list[str | None] = []
    problem = Problem("entity_not_found", relation.text, "an entity is not in the text: treated as missing")
    for row, (text, head, tail) in enumerate(zip(texts, *named, strict=True)):
        found = None if text is None else mark(text, head, tail)
        marked.append(found)
        if text is not None and found is None:
            problem.count += 1
            if len(problem.rows) < EXAMPLES_KEPT:
                problem.rows.append(row)
                problem.examples.append(f"{head!r} and {tail!r} in {text[:60]!r}")
    frame = table.frame.with_columns(pl.Series(relation.text, marked, dtype=pl.String))
    return replace(table, frame=frame), [problem] if problem.count else []


def mark_for_training(table: Table, relation: Relation | None) -> Table:
    """`mark_table` where every entity must be found.

    Raises:
        InputError: for an unknown column, and when an entity is not in its text; the message names the row.
    """
    if relation is None:
        return table
    for column in (relation.text, relation.head, relation.tail):
        if column is not None:
            table.require(column)
    marked, problems = mark_table(table, relation)
    for problem in problems:
        raise InputError(
            f"row {problem.rows[0]}{f' and {problem.count - 1} more' if problem.count > 1 else ''}: no text with both "
            f"entities: {problem.examples[0]}",
            where=f"{table.name}, column {relation.text!r}",
            fix="Name the columns of the entities with --set relation.head=… --set relation.tail=… (their text, or "
            "places such as 12:17), or mark them in the text as [E1] … [/E1] and [E2] … [/E2]",
        )
    return marked


def mark(text: str, head: str | None, tail: str | None) -> str | None:
    """The text with both entities marked; None where one is not in it.

    Args:
        head, tail: the entity as it stands in the text, or its place ("12:17"); not needed where the text is marked.
    Example:
        >>> mark("Ada taught Bob", "Bob", "0:3")
        '[E2] Ada [/E2] taught [E1] Bob [/E1]'
    """
    if MARKED.match(text):
        return text
    first = _place(text, head, ())
    second = _place(text, tail, () if first is None else (first,))
    if first is None or second is None:
        return None
    signs = []
    for number, span in enumerate((first, second)):
        signs.append((span.start, 1, -span.end, f"{OPEN[number]} "))
        signs.append((span.end, 0, -span.start, f" {CLOSE[number]}"))
    for position, *_, sign in sorted(signs, reverse=True):  # from the end, so that earlier places stay valid
        text = text[:position] + sign + text[position:]
    return text


def entities_of(text: str | None) -> tuple[str | None, str | None]:
    """Head and tail of a marked text; None where there are no marks."""
    found = MARKED.match(text or "")
    return (found[1].strip(), found[2].strip()) if found else (None, None)


def _place(text: str, entity: str | None, taken: Sequence[Span]) -> Span | None:
    """Where the entity stands: its first occurrence as a whole word that is not taken, else the first at all."""
    if not entity:
        return None
    given = PLACE.fullmatch(entity)
    if given and int(given[1]) < int(given[2]) <= len(text):
        return Span(int(given[1]), int(given[2]))
    for pattern in (rf"(?<!\w){re.escape(entity)}(?!\w)", re.escape(entity)):
        for match in re.finditer(pattern, text):
            if all(match.end() <= span.start or match.start() >= span.end for span in taken):
                return Span(*match.span())
    return None


def _cells(table: Table, column: str | None) -> list[str | None]:
    if column is None or column not in table.frame.columns:
        return [None] * table.rows
    return as_text(table.frame[column]).to_list()
