"""A long table in pieces, so that prediction's memory does not grow with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from consilience.data.cell_types import plain_cells
from consilience.data.stream_csv import stream_csv
from consilience.data.table import Table, read_table

ROWS = 65_536
WHOLE_BELOW = 64 << 20
"""Files of fewer bytes are read whole: all of a table's cells are typed together then."""


def iterate_tables(source: Any, rows: int = ROWS) -> Iterator[Table]:
    """The table of `source` in pieces of at most `rows` rows (at least one piece).

    Large CSV, TSV and Parquet files are streamed; everything else is read whole and sliced.

    Raises:
        InputError: as `read_table`.
    """
    path = Path(source).expanduser() if isinstance(source, (str, PathLike)) else None
    large = path is not None and path.is_file() and path.stat().st_size >= WHOLE_BELOW
    if path is not None and large and path.suffix.lower() in (".parquet", ".pq"):
        yield from _parquet(path, rows)
        return
    if path is not None and large and path.suffix.lower() in (".csv", ".tsv", ".txt", ".tab"):
        tab = "\t" if path.suffix.lower() in (".tsv", ".tab") else None
        for frame in stream_csv(path, tab):
            for start in range(0, frame.height, rows):
                yield Table(frame.slice(start, rows), path.parent, path.name)
        return
    table = read_table(source)
    for start in range(0, table.rows, rows):
        yield Table(table.frame.slice(start, rows), table.folder, table.name, table.notes)


def _parquet(path: Path, rows: int) -> Iterator[Table]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path, memory_map=False) as file:
        for batch in file.iter_batches(rows):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield Table(plain_cells(frame, path.parent, str(path)), path.parent, path.name)


def count_rows(source: Any) -> int | None:
    """Rows of a table in memory or of a Parquet file, for a progress bar; None where counting means reading."""
    if isinstance(source, Table):
        return source.rows
    if not isinstance(source, (str, PathLike)):
        return len(source) if hasattr(source, "__len__") and not isinstance(source, dict) else None
    path = Path(source)
    if path.is_file() and path.suffix.lower() in (".parquet", ".pq"):
        import pyarrow.parquet

        try:
            return int(pyarrow.parquet.ParquetFile(path).metadata.num_rows)
        except (OSError, ValueError):  # reading the table says what is wrong with it
            return None
    return None
