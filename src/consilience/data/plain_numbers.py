"""Which text columns of a file are numbers: every cell a plain number, or a token that means "missing"."""

from __future__ import annotations

import polars as pl

from consilience.modalities.cells import is_missing_token

NUMBER = r"^\s*[+-]?(?:(?:0|[1-9]\d{0,17})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$"
"""No leading zeros (a postal code, an article number) and at most 18 digits (more is an identifier)."""
COMMA_NUMBER = r"^\s*[+-]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?\s*$"
SURELY_COMMA = r"^\s*[+-]?(?:0,\d{2,}|\d{1,3}(?:\.\d{3})+,\d+)\s*$"
TWO_DECIMALS, MANY = r"^\s*[+-]?\d+,\d\d\s*$", 20
"""What can be read in no other way, and what can in a whole column of so many cells: "1,5" may be a pair, "1,234" a
thousand and more."""
DOT_DECIMAL = r"^\s*[+-]?\d*\.\d+\s*$"
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


def has_decimal_comma(frame: pl.DataFrame, delimiter: str) -> bool:
    """Whether a file's numbers may be written with a decimal comma: where semicolons part the cells; else where a
    column of such numbers can be read in no other way, and no column of numbers has a decimal point."""
    if delimiter == ";":
        return True
    heads = [column.drop_nulls().head(HEAD) for column in frame if column.dtype == pl.String]
    if any(head.str.contains(DOT_DECIMAL).any() and _numbers_only(head, NUMBER) is not None for head in heads):
        return False
    return any(map(_surely_comma, heads))


def _surely_comma(head: pl.Series) -> bool:
    text = _numbers_only(head, COMMA_NUMBER)
    if text is None:
        return False
    written = text.drop_nulls().filter(text.drop_nulls().str.contains(",", literal=True))
    same = len(written) >= MANY and bool(written.str.contains(TWO_DECIMALS).all())
    return same or bool(written.str.contains(SURELY_COMMA).any())


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
