"""Delimited text: any delimiter, any encoding, quoted cells with line breaks, plain or compressed."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from consilience.core.errors import InputError
from consilience.data.csv_dialect import SAMPLE, SPOKEN, Dialect, any_cell_size, clean_names, detect_dialect
from consilience.data.file_kind import Content, content_of, refuse_binary
from consilience.data.plain_numbers import has_decimal_comma, read_plain_numbers
from consilience.data.text_encoding import as_utf8

BLOCK = 1 << 24
"""Bytes a parser block; a row longer than a block needs a bigger one."""


def read_csv(path: Path, preferred: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table and what to say of it (encoding, delimiter, decimal comma).

    Empty cells are null. A column becomes Int64 or Float64 when all its cells are plain numbers.

    Args:
        preferred: the delimiter that the file's name promises (tab for .tsv).

    Raises:
        InputError: when the file is empty, not text, has no rows, duplicate names, or rows of unequal length.
    """
    content = content_of(path)
    refuse_binary(bytes(content[:4096]), path)
    content, encoding = as_utf8(content)
    head = bytes(content[:SAMPLE])
    dialect = detect_dialect(head, len(head) == len(content), preferred, str(path))
    names = clean_names(dialect.header, str(path))
    if dialect.start:
        content = content[dialect.start :]
    frame = _parse(content, dialect, names, path)
    if frame.height == 0:
        raise InputError("the file has a header but no rows", where=str(path))
    _refuse_open_quote(content, dialect, frame, path)
    frame = _without_empty_tail(frame, dialect.header)
    frame, numbers = read_plain_numbers(frame, decimal_comma=has_decimal_comma(frame, dialect.delimiter))
    shown = frame.width > 1 and dialect.delimiter not in (",", preferred)
    delimiter = (f"delimiter {SPOKEN.get(dialect.delimiter, repr(dialect.delimiter))}",) if shown else ()
    return frame, (*encoding, *delimiter, *_header_notes(dialect.header, frame), *numbers)


def _parse(content: Content, dialect: Dialect, names: list[str], path: Path) -> pl.DataFrame:
    """All cells as text. The parser is Arrow's, because it refuses rows of unequal length."""
    single = len(names) == 1  # in a one-column file an empty line is a missing cell
    parse = arrow_csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True, ignore_empty_lines=not single)
    convert = arrow_csv.ConvertOptions(
        column_types={name: pa.large_string() for name in names},
        strings_can_be_null=True,
        null_values=[""],
        check_utf8=False,
    )
    block = min(BLOCK, max(len(content), 1 << 16))
    while True:
        read = arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, block_size=block)
        try:
            source = pa.BufferReader(pa.py_buffer(content))
            table: Any = arrow_csv.read_csv(source, read, parse, convert)
            break
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block < len(content):
                block *= 4
                continue
            raise _explain(content, dialect, len(names), str(error), path) from None
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _explain(content: Content, dialect: Dialect, width: int, error: str, path: Path) -> InputError:
    """The line at fault, found again with Python's slower reader."""
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=dialect.delimiter)
    start = 0
    with any_cell_size():
        for number, record in enumerate(lines):
            if number and record and len(record) != width:
                fields = f"{len(record)} field{'s' if len(record) != 1 else ''}"
                return InputError(
                    f"line {dialect.lines + start + 1} has {fields}, the header has {width}",
                    where=str(path),
                    fix="The first line must name every column; quote cells that hold the delimiter "
                    f"({SPOKEN.get(dialect.delimiter, dialect.delimiter)}), a quote or a line break",
                )
            start = lines.line_num
    return InputError(f"not readable as delimited text: {' '.join(error.split())}", where=str(path))


def _refuse_open_quote(content: Content, dialect: Dialect, frame: pl.DataFrame, path: Path) -> None:
    """A quote that is never closed swallows the rest of the file into the last row's cell."""
    last = [cell for cell in frame.row(-1) if isinstance(cell, str) and "\n" in cell]
    if not last or not _odd_quotes(content):
        return
    total = sum(content[i : i + BLOCK].count(b"\n") for i in range(0, len(content), BLOCK))
    line = dialect.lines + total - last[-1].count("\n") + 1
    raise InputError(f"a quote opened in line {line} is never closed", where=str(path), fix="Close or double it")


def _odd_quotes(content: Content) -> bool:
    return sum(content[i : i + BLOCK].count(b'"') for i in range(0, len(content), BLOCK)) % 2 == 1


def _without_empty_tail(frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Without the unnamed, empty last columns that a delimiter at every line's end makes."""
    keep = frame.width
    while keep > 1 and not header[keep - 1].strip() and frame[:, keep - 1].null_count() == frame.height:
        keep -= 1
    return frame[:, :keep]


def _header_notes(header: list[str], frame: pl.DataFrame) -> tuple[str, ...]:
    """What to say of a first line that leaves columns unnamed, or looks like a row."""
    unnamed = [name for name, written in zip(frame.columns, header, strict=False) if not written.strip()]
    notes = [f"column without a name called {name!r}" for name in unnamed[:3]]
    numbers = all(re.fullmatch(r"\s*[+-]?\d*[.,]?\d+\s*", name) for name in header)
    if numbers and all(dtype.is_numeric() for dtype in frame.dtypes):
        notes.append("the first line holds only numbers: if it is data, add a line of column names before it")
    return tuple(notes)
