"""The modality of every column: how sure, why, and what a user may write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl
import yaml

from consilience.core.errors import InputError, nearest
from consilience.core.registry import get, names
from consilience.data.column_profile import Profile, profile
from consilience.data.identifiers import identifier_reason, names_codes
from consilience.data.media_paths import files_found, media_paths
from consilience.data.table import Table
from consilience.modalities.base import Guess
from consilience.modalities.category import find_separator
from consilience.modalities.cells import is_missing_token
from consilience.modalities.form import form_of

__all__ = ["IGNORE", "Column", "Schema", "detect", "media_paths", "schema_yaml"]

IGNORE = "ignore"
SPLIT_VALUES = frozenset(("train", "training", "valid", "validation", "val", "dev", "test", "testing"))
LEADING_ZERO = r"^\s*0\d+\s*$"
CERTAIN_DATE = 0.5
CERTAIN_SERIES = 0.5
LEAST_CELLS = 50
"""Fewer cells do not tell categories from text."""
LEAST_SCORE = 0.05
"""A column that no modality scores higher is left out."""


class Column(NamedTuple):
    """modality: a registered name, or "ignore". confidence: 0..1. reason: in plain words. rows, missing,
    distinct: counts. examples: at most 3 cells, in short."""

    name: str
    modality: str
    confidence: float
    reason: str
    rows: int
    missing: int
    distinct: int
    examples: tuple[str, ...]


class Schema(NamedTuple):
    """One Column a column of the table, in its order, the target among them."""

    columns: tuple[Column, ...]
    target: str | None

    @property
    def modalities(self) -> dict[str, str]:
        """Column → modality, without ignored columns and the target."""
        return {c.name: c.modality for c in self.columns if c.modality != IGNORE and c.name != self.target}


class Decision(NamedTuple):
    modality: str
    confidence: float
    reason: str


def detect(
    table: Table,
    target: str | None = None,
    ignore: Iterable[str] = (),
    overrides: Mapping[str, str] | None = None,
) -> Schema:
    """Decide the modality of every column from its values.

    Args:
        ignore: columns to leave out. overrides: column → modality or "ignore", which is then certain.

    Raises:
        InputError: on an unknown column or modality; the message names the nearest ones.
    """
    overrides = dict(overrides or {})
    if target is not None:
        table.require(target, "target")
    for name in (*ignore, *overrides):
        table.require(name)
    known = [*names("modality"), IGNORE]
    for name, modality in overrides.items():
        if modality not in known:
            raise InputError(f"unknown modality {modality!r}", where=f"column {name!r}", fix=nearest(modality, known))
    left_out = set(ignore)
    columns = []
    for series in table.frame:
        facts = profile(series)
        if series.name in left_out:
            decision = Decision(IGNORE, 1.0, "left out as asked")
        elif series.name in overrides:
            decision = Decision(overrides[series.name], 1.0, "set by the recipe")
        else:
            decision = _decide(table, series.name, facts, is_target=series.name == target)
        columns.append(_column(series.name, facts, decision))
    return Schema(tuple(columns), target)


def _column(name: str, facts: Profile, decision: Decision) -> Column:
    missing = facts.missing
    if decision.modality in ("number", "date") and facts.present.dtype == pl.String:
        missing += int(is_missing_token(facts.present).sum())
    confidence = round(decision.confidence, 2)
    return Column(
        name,
        decision.modality,
        confidence,
        decision.reason,
        facts.rows,
        missing,
        facts.distinct,
        facts.examples,
    )


def _decide(table: Table, name: str, facts: Profile, is_target: bool) -> Decision:
    """The best modality, unless the column says nothing (empty, constant), names rows, or cannot be read."""
    if not len(facts.present):
        return Decision(IGNORE, 1.0, "every cell is missing")
    unreadable = _unreadable(facts.sample)
    if unreadable and get("modality", "series").score(facts.sample).score < CERTAIN_SERIES:
        return Decision(IGNORE, 0.9, unreadable)
    scores = _scores(facts.sample)
    if scores["date"].score >= CERTAIN_DATE:  # dates recur, so that they look like categories too
        scores["category"] = scores["text"] = Guess(0.0, "dates")
    if scores["series"].score >= CERTAIN_SERIES:  # many numbers in a cell look like many words
        scores["category"] = scores["text"] = Guess(0.0, "series")
    ranked = sorted(scores.items(), key=lambda item: -item[1].score)
    (best, guess), (_, second) = ranked[0], ranked[1]
    confidence = guess.score - 0.5 * min(second.score, guess.score) * second.score
    if is_target:
        return Decision(best, confidence, f"target; {guess.reason}")
    if facts.distinct == 1 and not facts.missing:
        return Decision(IGNORE, 1.0, f"constant: every cell is {facts.examples[0] if facts.examples else ''!r}")
    if guess.score < LEAST_SCORE:
        return Decision(IGNORE, 0.5, "no modality reads these cells")
    return _in_context(table, name, facts, Decision(best, confidence, guess.reason))


def _in_context(table: Table, name: str, facts: Profile, found: Decision) -> Decision:
    """What the modality's view of single cells cannot know: other columns' conventions, files, the name."""
    if _is_media(found.modality):
        return _media(table, facts, found)
    if facts.distinct >= 2 and _split_names(facts.present):
        return Decision(IGNORE, 0.9, "names the rows' split (train, test): no input")
    if facts.distinct == 1:
        return Decision("category", 0.6, "one value or missing: that it is there is what it tells")
    if form_of(found.modality).distinct:
        return found
    reason = identifier_reason(name, facts)
    if reason:
        return Decision(IGNORE, 0.9, f"identifier: {reason}")
    if found.modality == "number":
        return _number_or_code(name, facts, found)
    return _category_or_text(facts, found) if found.modality == "category" else found


def _category_or_text(facts: Profile, found: Decision) -> Decision:
    """Strings that hardly repeat (sequences, names) cannot be looked up in a vocabulary: they are text."""
    fresh = facts.distinct / len(facts.present)
    if facts.present.dtype != pl.String or len(facts.present) < LEAST_CELLS or fresh <= 0.5:
        return found
    if find_separator(facts.sample) is not None:
        return found
    return Decision("text", found.confidence, f"{fresh:.0%} of the cells are distinct: no categories")


def _scores(sample: pl.Series) -> dict[str, Guess]:
    return {name: get("modality", name).score(sample) for name in names("modality")}


def _is_media(modality: str) -> bool:
    return bool(get("modality", modality).media)


def _media(table: Table, facts: Profile, found: Decision) -> Decision:
    """File names count as media only when the files are there: names of files elsewhere are identifiers."""
    if facts.present.dtype != pl.String:
        return found
    there, looked = files_found(facts.present, table.folder)
    if there:
        return found
    where = str(table.folder) if table.folder else "the working folder"
    return Decision(IGNORE, 0.7, f"names of {found.modality} files, but none of {looked} looked for is under {where!r}")


def _number_or_code(name: str, facts: Profile, found: Decision) -> Decision:
    """Numbers that are labels: leading zeros, or whole numbers that recur under a name such as "zip code"."""
    values = facts.sample
    if values.dtype == pl.String:
        zeros = values.str.contains(LEADING_ZERO).mean()
        if isinstance(zeros, float) and zeros > 0.01:
            return Decision("category", 0.8, "numbers with leading zeros are codes")
        return found
    whole = values.dtype.is_integer() or bool((values == values.round()).all())
    recurs = 2 < facts.distinct <= 0.5 * len(facts.present)
    if whole and recurs and bool((values >= 0).all()) and names_codes(name):
        return Decision("category", 0.6, f"whole numbers, but the name {name!r} says codes")
    return found


def _split_names(present: pl.Series) -> bool:
    """Whether the cells are train, valid, test and the like."""
    if present.dtype != pl.String:
        return False
    if not set(present.head(50).str.strip_chars().str.to_lowercase()) <= SPLIT_VALUES:
        return False
    return set(present.unique().str.strip_chars().str.to_lowercase()) <= SPLIT_VALUES


def _unreadable(sample: pl.Series) -> str | None:
    """Why no modality can read the cells (structures, vectors), or None."""
    dtype = sample.dtype
    if isinstance(dtype, (pl.Struct, pl.Object)):
        return "cells are structures: spread their fields over columns"
    if isinstance(dtype, (pl.List, pl.Array)) and (dtype.inner.is_float() or dtype.inner.is_nested()):
        return "cells are vectors: spread them over columns"
    if dtype == pl.String:
        head = sample.head(20).str.strip_chars()
        if head.str.contains(r"^(?s)(\{.*\}|\[\s*[\{\[\d-].*\])$").all() and all(_json(cell) for cell in head):
            return "cells are JSON structures: spread their fields over columns"
    return None


def _json(cell: str) -> bool:
    try:
        return isinstance(json.loads(cell), (dict, list))
    except ValueError:
        return False


def schema_yaml(schema: Schema) -> str:
    """The schema as a partial recipe to edit and give back: `target`, `columns`, reasons as comments."""
    known = ", ".join([*names("modality"), IGNORE])
    lines = [f"# What each column is. Edit and give back with --recipe. Known: {known}."]
    if schema.target is not None:
        lines.append(f"target: {_quoted(schema.target)}")
    lines.append("columns:")
    for column in schema.columns:
        if column.name == schema.target:
            continue
        share = f"{column.missing:,} of {column.rows:,} missing, {column.distinct:,} distinct"
        comment = f"{column.confidence:.2f}: {column.reason}; {share}"
        comment = "".join(c for c in " ".join(comment.split()) if c.isprintable())
        lines.append(f"  {_quoted(column.name)}: {column.modality}  # {comment}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """The name as a YAML scalar on one line."""
    if re.fullmatch(r"[^\W\d][\w ./()-]*", name) and name == name.strip() and yaml.safe_load(name) == name:
        return name
    return json.dumps(name, ensure_ascii=not name.isprintable())
