"""What folders of annotated images have in common: pictures, and parts named by folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
PARTS = {
    **dict.fromkeys(("train", "training", "train2017"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "val2017"), "valid"),
    **dict.fromkeys(("test", "testing", "test2017"), "test"),
}
"""Name of a folder or file → part."""


def files_of(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Every file below the folder that ends so, sorted; hidden folders left out."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += [Path(root, n) for n in sorted(names) if n.lower().endswith(tuple(suffixes)) and n[0] != "."]
    return found


def pictures(folder: Path) -> list[Path]:
    return files_of(folder, PICTURES)


def split_of(path: Path) -> str | None:
    """The part that one of the path's folders names."""
    return next((PARTS[part.lower()] for part in path.parts[:-1] if part.lower() in PARTS), None)


def with_splits(frame: pl.DataFrame, splits: Sequence[str | None]) -> pl.DataFrame:
    """The frame with the column split, where every row has one and training rows are among them."""
    if not all(splits) or "train" not in splits or len(set(splits)) < 2:
        return frame
    return frame.with_columns(pl.Series("split", splits, pl.String))
