"""Paths in the cells of media columns: relative to the table, absolute for the modalities that open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from consilience.core.registry import get
from consilience.data.table import Table

LOOKED_FOR = 50
"""Files that are looked for before a column of file names counts as media."""
ABSOLUTE = r"^(?:/|[A-Za-z]:[\\/]|\\\\)"


def media_paths(table: Table, modalities: Mapping[str, str]) -> Table:
    """String cells of media columns as absolute paths; other columns and cells of bytes unchanged.

    Nothing is looked up: a path to nowhere stays and is counted when it is decoded.

    Args:
        modalities: column → modality; columns the table lacks are passed over.
    """
    media = [
        name
        for name, modality in modalities.items()
        if name in table.frame.columns and get("modality", modality).media and table.frame[name].dtype == pl.String
    ]
    paths = [absolute(table.frame[name], table.folder) for name in media]
    return replace(table, frame=table.frame.with_columns(paths)) if paths else table


def absolute(cells: pl.Series, folder: Path | None) -> pl.Series:
    """Cells as absolute paths: `file://` is cut, backslashes become "/" if a cell has none, blank → null."""
    root = (folder or Path()).resolve().as_posix().rstrip("/") + "/"
    text = cells.str.strip_chars().str.replace(r"^file://", "")
    windows = ~text.str.contains("/", literal=True) & ~text.str.contains(ABSOLUTE)
    slashes = text.str.replace_all("\\", "/", literal=True)
    frame = pl.DataFrame({"text": text, "slashes": slashes, "windows": windows})
    path = pl.when("windows").then("slashes").otherwise("text")
    relative = ~pl.col("text").str.contains(ABSOLUTE)
    joined = pl.when(pl.col("text") == "").then(None).when(relative).then(pl.lit(root) + path).otherwise("text")
    return frame.select(joined.alias(cells.name)).to_series()


def files_found(cells: pl.Series, folder: Path | None) -> tuple[int, int]:
    """How many of the first distinct paths exist, and how many were looked for (at most LOOKED_FOR)."""
    spread = cells.gather_every(max(1, len(cells) // LOOKED_FOR)).head(LOOKED_FOR)
    paths = absolute(spread, folder).drop_nulls()
    return sum(Path(path).is_file() for path in paths), len(paths)
