"""A table of mixed cells, wherever it came from: one function reads every kind of source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.core.errors import InputError, nearest
from consilience.data.cell_types import plain_cells
from consilience.data.file_kind import COMPRESSED, fix_for, kind_of
from consilience.data.table_boxes import read_box_folder
from consilience.data.table_coco import read_json_or_coco
from consilience.data.table_csv import read_csv
from consilience.data.table_files import (
    Read,
    read_arrow,
    read_excel,
    read_json_lines,
    read_parquet,
)
from consilience.data.table_folder import read_folder
from consilience.data.table_memory import read_memory

READERS: dict[str, Callable[[Path], Read]] = {
    ".csv": read_csv,
    ".txt": read_csv,
    ".tsv": partial(read_csv, preferred="\t"),
    ".tab": partial(read_csv, preferred="\t"),
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_or_coco,
    ".arrow": read_arrow,
    ".feather": read_arrow,
    ".ipc": read_arrow,
    ".xlsx": read_excel,
    ".xlsm": read_excel,
    ".xlsb": read_excel,
    ".xls": read_excel,
    ".ods": read_excel,
}
TEXT_SUFFIXES = (".csv", ".txt", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")
"""Those that may be compressed: .csv.gz, .jsonl.xz …"""


@dataclass(frozen=True)
class Table:
    """Rows of mixed cells, as read.

    frame: cells as read; columns of delimited text are numeric when all are plain numbers, else String.
    folder: media paths in cells are relative to it; None for tables in memory (then to the working folder).
    name: what messages call the table. notes: said to the user, such as "encoding GB18030".
    """

    frame: pl.DataFrame
    folder: Path | None
    name: str
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.frame.height

    def spread(self, most: int) -> Table:
        """At most `most` rows, evenly spaced, in their order."""
        return self.take(np.unique(np.linspace(0, self.rows - 1, min(self.rows, most)).astype(np.int64)))

    def take(self, index: np.ndarray[Any, Any] | Sequence[int]) -> Table:
        """The rows of `index` (int64 row numbers, any order, repeats allowed)."""
        return replace(self, frame=self.frame[np.asarray(index, dtype=np.int64)])

    def part(self, start: int, stop: int) -> Table:
        """The rows from `start` up to `stop` (exclusive), without a copy."""
        return self if start == 0 and stop >= self.rows else replace(self, frame=self.frame[start:stop])

    def select(self, columns: Sequence[str]) -> Table:
        """The named columns, in the order given.

        Raises:
            InputError: when a column is unknown; the message names the nearest.
        """
        for column in columns:
            self.require(column)
        return replace(self, frame=self.frame.select(list(columns)))

    def require(self, column: str, role: str = "column") -> pl.Series:
        """The column, or an InputError that names the nearest ones (`role`: "target", "group column", …)."""
        if column not in self.frame.columns:
            raise InputError(f"no {role} {column!r}", where=self.name, fix=nearest(column, self.frame.columns))
        return self.frame[column]


def read_table(source: str | PathLike[str] | Any) -> Table:
    """Read a file, a folder of class sub-folders, or a table in memory.

    Args:
        source: path of a CSV, TSV, Parquet, JSON Lines, Arrow/Feather or Excel file (text may be .gz, .bz2 or
            .xz), path of a folder (of classes, or of images annotated with boxes), COCO annotations, pandas, Polars
            (also lazy) or Arrow table, dictionary of lists, or Table.

    Raises:
        InputError: when it is not found, not a table, empty, without rows, or has duplicate column names.

    Example:
        >>> read_table({"age": [31, 54], "note": ["calm", None]}).rows
        2
    """
    if isinstance(source, Table):
        return source
    if not isinstance(source, (str, PathLike)):
        frame, notes = read_memory(source)
        kind = "dictionary" if isinstance(source, dict) else type(source).__name__
        return _checked(Table(plain_cells(frame, None, kind), None, kind, notes))
    path = Path(source).expanduser()
    if not path.exists():
        raise InputError("file not found", where=str(path), fix=_nearest_file(path))
    if path.is_dir():
        frame, notes = read_box_folder(path) or read_folder(path)
        return _checked(Table(frame, path, path.resolve().name, notes))
    frame, notes = _reader(path)(path)
    return _checked(Table(plain_cells(frame, path.parent, str(path)), path.parent, path.name, notes))


def _checked(table: Table) -> Table:
    if table.frame.width == 0:
        raise InputError("the table has no columns", where=table.name)
    if table.rows == 0:
        raise InputError("the table has no rows", where=table.name)
    return table


def _reader(path: Path) -> Callable[[Path], Read]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        inner = suffixes[-2] if len(suffixes) > 1 else ""
        if inner in TEXT_SUFFIXES:
            return READERS[inner]
    elif suffixes and suffixes[-1] in READERS:
        return READERS[suffixes[-1]]
    with path.open("rb") as file:
        kind = kind_of(file.read(16))
    known = f"Known: {', '.join(READERS)}; the text ones also with .gz, .bz2 or .xz"
    if kind is not None:
        raise InputError(f"not a table: it holds {kind}", where=str(path), fix=fix_for(kind))
    raise InputError(f"unknown file extension {''.join(path.suffixes[-2:])!r}", where=str(path), fix=known)


def _nearest_file(path: Path) -> str:
    """The names in the same folder that are nearest to the one asked for."""
    if not path.parent.is_dir():
        return f"The folder {str(path.parent)!r} does not exist"
    names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
    return nearest(path.name, names) if names else f"The folder {str(path.parent)!r} is empty"
