"""Rows that belong together (one patient, one speaker, one day): the bootstrap draws them together."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.core.recipe import Recipe
from consilience.modalities.cells import as_text


def cluster_column(recipe: Recipe) -> str | None:
    """The column whose rows are not independent: as the report is asked, else as the split or the history says."""
    return recipe.report.cluster or recipe.split.group or (recipe.history.id if recipe.history else None)


def cluster_codes(frame: pl.DataFrame, group: str | None) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """[N] int64, equal where the column's cells are equal; None without such a column. A row whose cell is missing
    belongs with no other."""
    if group is None or group not in frame.columns:
        return None
    codes = as_text(frame[group]).rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
    alone = codes.max(initial=0) + 1 + np.arange(len(codes))
    return np.where(codes > 0, codes, alone)
