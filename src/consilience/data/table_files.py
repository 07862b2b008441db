"""Typed table files: Parquet, JSON Lines, JSON, Arrow IPC (Feather) and Excel workbooks."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from consilience.core.errors import InputError
from consilience.data.csv_dialect import clean_names
from consilience.data.file_kind import content_of, fix_for, is_text, kind_of, refuse_binary
from consilience.data.text_encoding import as_utf8

Read = tuple[pl.DataFrame, tuple[str, ...]]


def read_parquet(path: Path) -> Read:
    return _typed(path, "Parquet", lambda: pl.read_parquet(path, glob=False)), ()


def read_arrow(path: Path) -> Read:
    """Arrow IPC in its file form (Feather) or its stream form."""
    head = bytes(content_of(path)[:6])
    read = pl.read_ipc if head == b"ARROW1" else pl.read_ipc_stream
    return _typed(path, "Arrow", lambda: read(io.BytesIO(path.read_bytes()))), ()


def _typed(path: Path, kind: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """The frame, or one line that says what the file holds instead. Some damaged files make Polars panic, which is told
    by a BaseException."""
    head = bytes(content_of(path)[:4096])
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        found = kind_of(head) or ("text" if is_text(head) else None)
        if found is not None and kind not in found:
            raise InputError(f"not readable as {kind}: it holds {found}", where=str(path), fix=fix_for(found)) from None
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"not readable as {kind} ({reason})", where=str(path)) from None


def read_json_lines(path: Path) -> Read:
    """One JSON object a line.

    Raises:
        InputError: naming the first line that is no JSON object.
    """
    content = content_of(path)
    refuse_binary(bytes(content[:4096]), path)
    content, notes = as_utf8(content)
    try:
        return pl.read_ndjson(io.BytesIO(content), infer_schema_length=None), notes
    except pl.exceptions.PolarsError:
        return _from_objects(_json_lines(bytes(content), path), path), notes


def read_json(path: Path) -> Read:
    """A JSON array of objects; a file of JSON Lines with the wrong ending is read too."""
    content = content_of(path)
    refuse_binary(bytes(content[:4096]), path)
    content, notes = as_utf8(content)
    if not bytes(content[:4096]).lstrip().startswith(b"["):
        return read_json_lines(path)
    try:
        rows = json.loads(bytes(content))
    except ValueError as error:
        raise InputError(f"not readable as JSON ({error})", where=str(path)) from None
    wrong = next((number for number, row in enumerate(rows, start=1) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError(f"entry {wrong} is not an object of columns", where=str(path))
    return _from_objects(rows, path), notes


def _json_lines(content: bytes, path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"line {number} is not JSON ({error})", where=str(path)) from None
        if not isinstance(row, dict):
            raise InputError(f"line {number} is not an object of columns", where=str(path))
        rows.append(row)
    return rows


def _from_objects(rows: list[dict[str, Any]], path: Path) -> pl.DataFrame:
    """Objects as columns; a key that a row lacks is a missing cell, cells of mixed types become text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not rows:
        raise InputError("no rows", where=str(path))
    return pl.DataFrame([mixed_cells(name, [row.get(name) for row in rows]) for name in names])


def mixed_cells(name: str, cells: list[Any]) -> pl.Series:
    """A column of Python values: their common type if they have one, else text (1.0 → "1", true → "true")."""
    cells = [None if _is_missing(cell) else cell for cell in cells]
    try:
        return pl.Series(name, cells, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        kinds = {type(cell) for cell in cells if cell is not None}
        if kinds <= {int, float}:
            return pl.Series(name, cells, dtype=pl.Float64, strict=False)
        return pl.Series(name, [None if cell is None else _text(cell) for cell in cells], dtype=pl.String)


def _is_missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, (dict, list, tuple)) or hasattr(cell, "tolist"):  # arrays print with their middle left out
        return json.dumps(cell, ensure_ascii=False, default=_listed)
    return str(cell)


def _listed(value: Any) -> Any:
    """Arrays as lists, numbers of NumPy as Python's own, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def read_excel(path: Path) -> Read:
    """The first sheet of a workbook; its first row holds the column names."""
    import fastexcel

    content_of(path)
    try:
        book = fastexcel.read_excel(str(path))
        first = book.sheet_names[0]
        header = book.load_sheet(first, header_row=None, n_rows=1, dtypes="string").to_polars()
        frame = book.load_sheet(first).to_polars() if header.height else header
    except fastexcel.FastExcelError as error:
        head = bytes(content_of(path)[:4096])
        found = kind_of(head) or ("text" if is_text(head) else None)
        reason = f"it holds {found}" if found and "Excel" not in found else " ".join(str(error).split())[:200]
        fix = fix_for(found) if found == "text" else None
        raise InputError(f"not readable as an Excel workbook: {reason}", where=str(path), fix=fix) from None
    if not header.height:
        raise InputError(f"the first sheet {first!r} is empty", where=str(path))
    names = [name if name is not None else "" for name in header.row(0)]
    frame.columns = clean_names([*names, *([""] * (frame.width - len(names)))], str(path))
    frame = frame.with_columns(_whole(column) for column in frame if column.dtype.is_float())
    others = len(book.sheet_names) - 1
    return frame, ((f"first sheet {first!r} of {others + 1}",) if others else ())


def _whole(column: pl.Series) -> pl.Series:
    """A workbook knows no integers: a column of whole numbers becomes one."""
    whole = ((column == column.round()) & (column.abs() < 2**53)).all()
    return column.cast(pl.Int64) if whole else column
