"""Frames brought to the few cell types that the rest of the house reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from consilience.data.csv_dialect import clean_names
from consilience.data.table_files import mixed_cells


def plain_cells(frame: pl.DataFrame, folder: Path | None, where: str) -> pl.DataFrame:
    """The frame with clean column names and plain cells.

    Hugging Face `{bytes, path}` structs become Binary (String paths where no cell holds bytes); categoricals
    and enums become String; decimals, times of day and durations (seconds) Float64; NaN null; lists of text
    "a|b|c".

    Raises:
        InputError: on duplicate column names.
    """
    names = clean_names(frame.columns, where)
    return pl.DataFrame([_plain(column, folder).alias(name) for column, name in zip(frame, names, strict=True)])


def _plain(column: pl.Series, folder: Path | None) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, pl.Struct) and {"bytes", "path"} <= {field.name for field in dtype.fields}:
        return _media(column, folder)
    if dtype == pl.Categorical or isinstance(dtype, pl.Enum):
        return column.cast(pl.String)
    if dtype.is_decimal():
        return column.cast(pl.Float64)
    if dtype.is_float():
        return column.fill_nan(None)
    if dtype == pl.Object:
        return mixed_cells(column.name, [_listed(cell) for cell in column.to_list()])
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if dtype == pl.Time:
        return column.cast(pl.Int64) / 1e9
    if isinstance(dtype, pl.List) and dtype.inner == pl.String:
        joined = column.list.join("|", ignore_nulls=True)
        return joined.set(joined.str.len_bytes().fill_null(1) == 0, None)
    return column


def _media(column: pl.Series, folder: Path | None) -> pl.Series:
    """The bytes of a `{bytes, path}` column; its paths when no cell holds bytes; files read where both occur.

    A file that cannot be read becomes empty bytes, which decoding counts as an unreadable cell.
    """
    content = column.struct.field("bytes").cast(pl.Binary)
    paths = column.struct.field("path").cast(pl.String)
    missing = content.is_null()
    if not missing.any():
        return content
    if missing.all():
        return paths
    cells: list[bytes | None] = content.to_list()
    for row, path in enumerate(paths):
        if cells[row] is None and path:
            cells[row] = _file_bytes((folder or Path()) / path)
    return pl.Series(column.name, cells, dtype=pl.Binary)


def _file_bytes(path: Path) -> bytes:
    """The file's bytes; none when it cannot be read, which decoding counts as an unreadable cell."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _listed(cell: Any) -> Any:
    """A NumPy array as nested lists; other cells as they are."""
    return cell.tolist() if hasattr(cell, "tolist") else cell
