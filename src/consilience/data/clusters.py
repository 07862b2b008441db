"""Rows that belong together (one patient, one speaker): the bootstrap draws them together."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.cells import as_text


def cluster_codes(frame: pl.DataFrame, group: str | None) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """[N] int64, equal where the group column's cells are equal; None without such a column."""
    if group is None or group not in frame.columns:
        return None
    return as_text(frame[group]).fill_null("").rank("dense").to_numpy().astype(np.int64)
