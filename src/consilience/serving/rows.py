"""From the rows of a request to a table; nothing in a request is ever a path or an address."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from consilience.core.errors import nearest
from consilience.core.registry import get
from consilience.modalities.cells import cell_text
from consilience.modalities.form import form_of
from consilience.modalities.media import UnreadableError
from consilience.serving.refused import RefusedError
from consilience.serving.settings import Settings

Row = Mapping[str, Any]
LONGEST_TEXT = 1_000_000
"""Characters of one cell."""
LARGEST_INTEGER = 2**53


def read_rows(rows: Any, columns: Mapping[str, str], settings: Settings) -> list[dict[str, Any]]:
    """The rows with every column of the model and media as bytes.

    Args:
        rows: from JSON: a list of objects {column: value}; media are base64, absent columns and null are missing.
        columns: column → modality.
    Raises:
        RefusedError: naming row and column.
    """
    if not isinstance(rows, list) or not rows:
        raise RefusedError(422, '"rows" is a list of at least one row')
    if len(rows) > settings.max_rows:
        raise RefusedError(413, f"{len(rows)} rows in one request, the limit is {settings.max_rows}")
    media = {c for c, modality in columns.items() if get("modality", modality).media}
    return [_read_row(number, row, columns, media, settings) for number, row in enumerate(rows)]


def _read_row(number: int, row: Any, columns: Mapping[str, str], media: set[str], settings: Settings) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise RefusedError(422, f"row {number} is no object of columns")
    for name in row:
        if name not in columns:
            raise RefusedError(422, f"row {number}: the model has no column {name[:80]!r}; {nearest(name, columns)}")
    if not any(name in row for name in columns):
        raise RefusedError(422, f"row {number} has none of the model's columns; {nearest('', columns)}")
    found = {}
    for name, modality in columns.items():
        where = f"row {number}, column {name!r}"
        value = row.get(name)
        if isinstance(value, list) and form_of(modality).lists:
            value = json.dumps(value)  # lists of lists and of {time, value} stay what they are
        found[name] = _medium(value, modality, where, settings) if name in media else _plain(value, where)
    return found


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, list) and all(isinstance(v, (str, int, float, bool)) for v in value):
        value = "|".join(str(v) for v in value)
    if isinstance(value, (dict, list)):
        raise RefusedError(422, f"{where}: a cell is a text, a number, true, false or null")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise RefusedError(413, f"{where}: {len(value)} characters, the limit is {LONGEST_TEXT}")
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no text that can be written
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_INTEGER:
        return float(value) if abs(value) < 1e300 else None
    return value


def _medium(value: Any, modality: str, where: str, settings: Settings) -> bytes | None:
    if value is None or value == "" or value == b"":
        return None
    if isinstance(value, str):
        try:
            value = base64.b64decode(value.partition("base64,")[2] or value, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedError(422, f"{where}: a file is given as base64; paths and addresses are not opened") from None
    if not isinstance(value, bytes):
        raise RefusedError(422, f"{where}: a file is given as base64")
    check_medium(value, modality, where, settings)
    return value


def check_medium(data: bytes, modality: str, where: str, settings: Settings) -> None:
    """Refuse what would take too much memory to decode, by its header. Broken files count as missing, later.

    Raises:
        RefusedError: for too many pixels or too long a recording or video.
    """
    measure = form_of(modality).extent
    if measure is None:
        return
    try:
        extent = measure(data)
    except UnreadableError:
        return  # counted as a repair when the row is prepared
    if extent.width * extent.height > settings.max_pixels:
        size = f"{extent.width} × {extent.height}"
        raise RefusedError(413, f"{where}: {size} pixels, the limit is {settings.max_pixels}")
    if extent.seconds > settings.max_seconds:
        raise RefusedError(413, f"{where}: {extent.seconds:.0f} s, the limit is {settings.max_seconds:g} s")


def to_frame(rows: Sequence[Row], columns: Mapping[str, str]) -> pl.DataFrame:
    """Rows of one or many requests as one table; a column that holds texts and numbers becomes text, as in a CSV."""
    made = [_column(name, [row[name] for row in rows], m) for name, m in columns.items()]
    return made[0].to_frame() if len(made) == 1 else pl.DataFrame(made)  # a third of the time of the general way


def _column(name: str, values: list[Any], modality: str) -> pl.Series:
    if get("modality", modality).media:
        return pl.Series(name, values, pl.Binary)
    kinds = {type(v) for v in values if v is not None}
    if kinds == {int}:
        return pl.Series(name, values, pl.Int64, strict=False)
    if kinds <= {int, float} and kinds:  # a number that is none is missing, as in a table that is read
        return pl.Series(name, [None if v is None or v != v else v for v in values], pl.Float64, strict=False)
    return pl.Series(name, [cell_text(v) for v in values], pl.String)
