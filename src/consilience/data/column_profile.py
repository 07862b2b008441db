"""A column's counts, examples and a sample of its cells: what detection looks at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.cells import as_text

SAMPLE = 10_000
"""Cells that modalities score."""
EXAMPLES = 3
LONGEST_EXAMPLE = 60
"""Characters of an example shown."""


class Profile(NamedTuple):
    """present: the non-missing cells in table order. sample: at most SAMPLE of them, in table order.
    rows, missing, distinct: counts. examples: the first distinct cells, in short."""

    present: pl.Series
    sample: pl.Series
    rows: int
    missing: int
    distinct: int
    examples: tuple[str, ...]


def profile(column: pl.Series) -> Profile:
    """Counts over all rows; blank text counts as missing, empty bytes do not (they are broken media)."""
    present = column.drop_nulls()
    if present.dtype == pl.String:
        present = present.filter(present.str.contains(r"\S"))
    return Profile(
        present,
        _sample(present),
        len(column),
        len(column) - len(present),
        _distinct(present),
        _examples(present),
    )


def _sample(present: pl.Series) -> pl.Series:
    """Cells from all over the table, the same ones for the same table."""
    if len(present) <= SAMPLE:
        return present
    index = np.sort(np.random.default_rng(0).choice(len(present), SAMPLE, replace=False))
    return present[index]


def _distinct(present: pl.Series) -> int:
    if present.dtype == pl.Binary:
        return present.hash().n_unique()
    if present.dtype.is_nested() or present.dtype == pl.Object:
        return as_text(_sample(present)).n_unique()
    return present.n_unique()


def _examples(present: pl.Series) -> tuple[str, ...]:
    head = present.head(100)
    if head.dtype == pl.Binary:
        shown = [f"{size:,} bytes" for size in head.bin.size()]
    else:
        shown = [" ".join(str(cell).split()) for cell in as_text(head).drop_nulls()]
    short = [s if len(s) <= LONGEST_EXAMPLE else s[: LONGEST_EXAMPLE - 1] + "…" for s in shown]
    return tuple(dict.fromkeys(short))[:EXAMPLES]
