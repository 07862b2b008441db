"""Which text columns of a file are numbers: every cell a plain number, or a token that means "missing"."""

from __future__ import annotations

import polars as pl

from consilience.modalities.cells import is_missing_token

NUMBER = r"^\s*[+-]?(?:(?:0|[1-9]\d{0,17})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$"
"""No leading zeros (a postal code, an article number) and at most 18 digits (more is an identifier)."""
COMMA_NUMBER = r"^\s*[+-]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?\s*$"
HEAD = 1000
"""Cells that settle most columns of text at once."""


def read_plain_numbers(frame: pl.DataFrame, decimal_comma: bool = False) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """String columns of plain numbers as Int64 or Float64, missing tokens as null; other columns unchanged.

    Args:
        decimal_comma: also read "1.234,5" as 1234.5, where a whole column can be read so.

    Returns:
        the frame, and a note that names the columns read with a decimal comma.
    """
    columns: list[pl.Series] = []
    comma: list[str] = []
    for column in frame:
        number = _number(column) if column.dtype == pl.String else column
        if number is None and decimal_comma:
            number = _comma_number(column)
            if number is not None:
                comma.append(column.name)
        columns.append(column if number is None else number)
    shown = ", ".join(comma[:5]) + (", …" if len(comma) > 5 else "")
    return pl.DataFrame(columns), ((f"decimal comma in {shown}",) if comma else ())


def _number(column: pl.Series) -> pl.Series | None:
    if _numbers_only(column.drop_nulls().head(HEAD), NUMBER) is None:
        return None
    text = _numbers_only(column, NUMBER)
    if text is None or text.null_count() == len(text):
        return None
    dtype = pl.Float64 if text.str.contains("[.eE]").any() else pl.Int64
    number = text.cast(dtype, strict=False)
    if number.null_count() > text.null_count():  # blanks or a plus sign around the digits
        number = text.str.strip_chars().str.strip_prefix("+").cast(dtype)
    return number


def _numbers_only(column: pl.Series, pattern: str) -> pl.Series | None:
    """The column with blank cells and missing tokens made null, or None when another cell is no number."""
    wrong = ~column.str.contains(pattern)
    rest = column.filter(wrong)  # null cells are neither
    if not len(rest):
        return column
    if not (is_missing_token(rest) | (rest.str.strip_chars() == "")).all():
        return None
    return column.set(wrong.fill_null(False), None)


def _comma_number(column: pl.Series) -> pl.Series | None:
    """The column with "1.234,5" read as 1234.5, or None when a cell cannot be read so."""
    if _numbers_only(column.drop_nulls().head(HEAD), COMMA_NUMBER) is None:
        return None
    text = _numbers_only(column, COMMA_NUMBER)
    if text is None or not text.str.contains(",", literal=True).any():
        return None
    return _number(text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True))
