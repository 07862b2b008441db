"""Frames to a file, piece by piece, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from consilience.core.errors import InputError, nearest
from consilience.core.files import atomic


def write_frames(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Write frames of one schema below each other; memory holds one frame at a time.

    Args:
        path: .parquet, .csv, .tsv, .jsonl (or .ndjson), .arrow (or .feather, .ipc).
    Returns:
        the number of rows written.
    Raises:
        InputError: for another suffix, before anything is computed.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise InputError(f"unknown kind of file {suffix!r}", where=str(path), fix=nearest(suffix, WRITERS))
    if path.is_dir():
        raise InputError("a folder of this name stands there", where=str(path), fix="Give a file name")
    with atomic(path) as temporary:
        return WRITERS[suffix](frames, temporary)


def _arrow(open_writer: Callable[[Path, Any], Any]) -> Callable[[Iterable[pl.DataFrame], Path], int]:
    def write(frames: Iterable[pl.DataFrame], path: Path) -> int:
        rows, writer = 0, None
        try:
            for frame in frames:
                table = frame.to_arrow()
                writer = writer or open_writer(path, table.schema)
                writer.write_table(table.cast(writer.schema) if hasattr(writer, "schema") else table)
                rows += frame.height
        finally:
            if writer is not None:
                writer.close()
        return rows

    return write


def _parquet_writer(path: Path, schema: Any) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(path, schema)


def _ipc_writer(path: Path, schema: Any) -> Any:
    import pyarrow.ipc

    return pyarrow.ipc.new_file(str(path), schema)


def _delimited(separator: str) -> Callable[[Iterable[pl.DataFrame], Path], int]:
    def write(frames: Iterable[pl.DataFrame], path: Path) -> int:
        rows = 0
        with path.open("wb") as file:
            for number, frame in enumerate(frames):
                frame.write_csv(file, separator=separator, include_header=number == 0)
                rows += frame.height
        return rows

    return write


def _json_lines(frames: Iterable[pl.DataFrame], path: Path) -> int:
    rows = 0
    with path.open("wb") as file:
        for frame in frames:
            frame.write_ndjson(file)
            rows += frame.height
    return rows


WRITERS: dict[str, Callable[[Iterable[pl.DataFrame], Path], int]] = {
    ".parquet": _arrow(_parquet_writer),
    ".arrow": _arrow(_ipc_writer),
    ".feather": _arrow(_ipc_writer),
    ".ipc": _arrow(_ipc_writer),
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
