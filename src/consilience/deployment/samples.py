"""A few rows that travel with a bundle: for examples in its documentation, for trying it out, for timing it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.store import SAMPLES
from consilience.core.registry import get
from consilience.data.table import Table
from consilience.modalities.media import UnreadableError, read_bytes

ROWS = 16


def sample_rows(bundle: Bundle, table: Table, rows: int = ROWS) -> pl.DataFrame:
    """The first rows with the model's columns only; media as bytes, so that the file stands alone."""
    aligned, _ = bundle.adapt(table.take(np.arange(min(rows, table.rows))))
    frame = aligned.frame
    media = [c for c in bundle.columns if get("modality", bundle.recipe.columns[c]).media]
    return frame.with_columns(pl.Series(c, [_content(cell) for cell in frame[c]], pl.Binary) for c in media)


def _content(cell: str | bytes | None) -> bytes | None:
    """The bytes of a cell; what cannot be read is as missing here as it is to the model."""
    try:
        return read_bytes(cell) if cell else None
    except UnreadableError:
        return None


def write_samples(bundle: Bundle, table: Table, folder: Path) -> None:
    sample_rows(bundle, table).write_parquet(folder / SAMPLES)
