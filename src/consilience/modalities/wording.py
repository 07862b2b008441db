"""How wordy a column of strings is: what tells free text from categories, in any language."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from consilience.core.scripts import UNSPACED_CLASS
from consilience.modalities.cells import as_text

UNSPACED = f"[{UNSPACED_CLASS}]"
"""Characters of scripts written without spaces (Thai to Han): two count as one word."""


class Wording(NamedTuple):
    """cells: non-empty cells. words: mean words a cell. distinct: distinct cells."""

    cells: int
    words: float
    distinct: int

    @property
    def fresh(self) -> float:
        """Share of cells that are distinct, 0..1."""
        return self.distinct / self.cells if self.cells else 0.0


def wording(column: pl.Series) -> Wording:
    text = as_text(column).drop_nulls()
    if not len(text):
        return Wording(0, 0.0, 0)
    spaced = text.str.count_matches(r"\S+")
    unspaced = text.str.count_matches(UNSPACED)
    words = pl.select(pl.max_horizontal(spaced, unspaced / 2)).to_series()
    mean = words.mean()
    return Wording(len(text), float(mean) if isinstance(mean, float) else 0.0, text.n_unique())
