"""Canonical arrays → one plain matrix: what both references read beside texts.

Rows are read in slices, so memory-mapped arrays larger than memory are fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays
from consilience.references.base import Rows
from consilience.references.hashing import count_few, count_ngrams
from consilience.references.reading import READ_APART, has_costly, reading_of
from consilience.references.sequences import letters_of
from consilience.references.sparse_rows import FEW, SparseRows

Array = np.ndarray[Any, Any]
Groups = Mapping[str, Mapping[str, Any]]

PARTS = ("words", "chars")
"""Of a text that are counted."""
SLICE = 1024
"""Rows whose media are summarised at a time."""
MEDIA_ROWS = 10_000
"""Most rows that references learn from where images or sounds must be summarised."""
TABLE_CELLS = 24_000_000
"""Most cells (rows × numbers) that references learn from."""
TABLE_ROWS = 400_000
TEXT_CHARACTERS = 40_000_000
"""Most characters that references learn from."""
SEQUENCE_LETTERS = 40_000_000
"""Most letters of sequences that references learn from."""


class Matrix(NamedTuple):
    """values: float32 [N, D], NaN where missing. codes: group → category index int32 [N, C, V] (0 = none)."""

    values: Array
    codes: dict[str, Array]


def text_columns(groups: Groups) -> list[str]:
    return [str(c) for facts in groups.values() if facts["modality"] == "text" for c in facts["columns"]]


def unread_groups(groups: Groups) -> list[str]:
    """Groups of a modality that references know nothing of: it has no reading."""
    return [n for n, facts in groups.items() if facts["modality"] not in READ_APART and reading_of(facts) is None]


def count_rows(rows: Rows) -> int:
    for arrays in rows.arrays.values():
        return len(arrays["mask"])
    return next((len(series) for series in rows.texts.values()), 0)


def read_texts(rows: Rows, column: str, index: Array) -> pl.Series:
    """String series of a column at `index`; all null when the column is absent."""
    series = rows.texts.get(column)
    if series is None:
        return pl.Series(column, [None] * len(index), dtype=pl.String)
    return at(series.cast(pl.String), index)


def at(series: pl.Series, index: Array) -> pl.Series:
    """The cells at `index`; the series itself where that is all of them in order, which costs nothing."""
    if len(index) == len(series) and np.array_equal(index, np.arange(len(series))):
        return series
    return series.gather(index)


def read_ngrams(rows: Rows, column: str, part: str, index: Array) -> SparseRows:
    """Hashed n-gram counts ("words" or "chars") of a text column at `index`, see `hashing.count_ngrams`."""
    source = rows.texts.get(column)
    if 0 < len(index) <= FEW and not rows.knows(part, source, index):
        _count_together(rows, index)
    found: SparseRows = rows.remembered(
        part, source, index, lambda: count_ngrams(read_texts(rows, column, index), part)
    )
    return found


def _count_together(rows: Rows, index: Array) -> None:
    """Count the words and characters of all text columns that were not counted yet, where something remembers them."""
    columns = [c for c, series in rows.texts.items() if not rows.knows("words", series, index)]
    if rows.memo is None or not columns:
        return
    counted = count_few([read_texts(rows, column, index) for column in columns], PARTS)
    for column, parts in zip(columns, counted, strict=True):
        for part, found in parts.items():
            rows.remember(part, rows.texts[column], index, found)


def read_matrix(rows: Rows, groups: Groups, index: Array) -> Matrix:
    """What the readings make of the rows at `index` (numbers, dates, media, series), and the category indices."""
    widths = {name: _width(facts) for name, facts in groups.items()}
    values = np.full((len(index), sum(widths.values())), np.nan, dtype=np.float32)
    codes: dict[str, Array] = {}
    start = 0
    for name, facts in groups.items():
        stop = start + widths[name]
        arrays = rows.arrays.get(name)
        if facts["modality"] == "category":
            codes[name] = _codes(arrays, facts, index)
        elif stop > start and arrays is not None:
            values[:, start:stop] = rows.remembered(
                "summary", arrays, index, partial(_summaries, arrays, facts, index, stop - start)
            )
        start = stop
    return Matrix(values, codes)


def _width(facts: Mapping[str, Any]) -> int:
    """Columns of the matrix that a group fills."""
    reading = reading_of(facts)
    return 0 if reading is None else len(facts["columns"]) * reading.width(facts)


def _summaries(arrays: Arrays, facts: Mapping[str, Any], index: Array, width: int) -> Array:
    """float32 [N, width] of the rows at `index`, read in slices."""
    reading = reading_of(facts)
    assert reading is not None, "a group that fills columns has a reading"
    found = np.empty((len(index), width), dtype=np.float32)
    for first in range(0, len(index), SLICE):
        part = index[first : first + SLICE]
        found[first : first + len(part)] = reading.read({key: np.asarray(a[part]) for key, a in arrays.items()}, facts)
    return found


def _codes(arrays: Arrays | None, facts: Mapping[str, Any], index: Array) -> Array:
    if arrays is None:
        return np.zeros((len(index), len(facts["columns"]), 1), dtype=np.int32)
    return np.where(arrays["mask"][index], arrays["index"][index], 0).astype(np.int32)


def choose_rows(rows: Rows, groups: Groups, weight: Array, seed: int) -> tuple[Array, str]:
    """Labelled rows that a reference learns from, sorted, and a sentence that says so when not all of them.

    Bounds: MEDIA_ROWS with images or sounds, TABLE_ROWS, TABLE_CELLS, TEXT_CHARACTERS and SEQUENCE_LETTERS.
    """
    labelled = np.flatnonzero(weight > 0)
    limit = row_limit(groups)
    texts = [rows.texts[c] for c in text_columns(groups) if c in rows.texts]
    if texts and len(labelled):
        characters = sum(float(t.cast(pl.String).str.len_chars().clip(0, 20_000).sum()) for t in texts)
        limit = min(limit, int(TEXT_CHARACTERS / max(characters / max(len(texts[0]), 1), 1)))
    if letters := letters_of(rows, groups):
        limit = min(limit, int(SEQUENCE_LETTERS / max(letters / max(count_rows(rows), 1), 1)))
    if len(labelled) <= limit:
        return labelled, ""
    chosen = np.sort(np.random.default_rng(seed).choice(labelled, limit, replace=False))
    return chosen, f"learned from {limit:,} of {len(labelled):,} rows, drawn at random"


def row_limit(groups: Groups) -> int:
    """Most rows that references learn from, whatever the texts' length."""
    if has_costly(groups):
        return MEDIA_ROWS
    width = sum(_width(f) + len(f["columns"]) for f in groups.values())
    return max(1000, min(TABLE_ROWS, TABLE_CELLS // max(width, 1)))
