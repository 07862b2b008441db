"""A long CSV file block by block: memory holds one block, whatever the file's length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from consilience.core.errors import InputError
from consilience.data.csv_dialect import SAMPLE, clean_names, detect_dialect
from consilience.data.file_kind import refuse_binary
from consilience.data.plain_numbers import has_decimal_comma, read_plain_numbers
from consilience.data.table_csv import read_csv
from consilience.data.text_encoding import as_utf8

BLOCK = 1 << 23


def stream_csv(path: Path, preferred: str | None = None) -> Iterator[pl.DataFrame]:
    """Frames of the rows in order. UTF-8 is streamed; a file in another encoding is read whole.

    Args:
        preferred: the delimiter that the file's name promises (tab for .tsv).

    Raises:
        InputError: as `read_csv`, and where a later block does not parse.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    refuse_binary(head[:4096], path)
    whole_lines = head[: head.rfind(b"\n") + 1] or head
    _, notes = as_utf8(whole_lines)
    if notes:
        yield read_csv(path, preferred)[0]
        return
    dialect = detect_dialect(head, False, preferred, str(path))
    names = clean_names(dialect.header, str(path))
    source: Any = pa.OSFile(str(path))
    source.seek(dialect.start)
    try:
        reader = arrow_csv.open_csv(
            source,
            arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, block_size=BLOCK, use_threads=False),
            arrow_csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types={name: pa.large_string() for name in names},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        comma: bool | None = None  # as the first part of the file says
        for batch in reader:
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            if frame.height:
                comma = has_decimal_comma(frame, dialect.delimiter) if comma is None else comma
                yield read_plain_numbers(frame, decimal_comma=comma)[0]
    except pa.ArrowInvalid as error:
        reason = " ".join(str(error).split())
        raise InputError(f"not readable as delimited text: {reason}", where=str(path)) from None
