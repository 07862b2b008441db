"""What a cell says, whatever type the file gave it: the one place where numbers and texts are read from cells.

A column read from CSV is text, the same column from Parquet is an integer: both must prepare to the same bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.affixes import are_bounds, read_affixed, without_bounds

MISSING_TOKENS = ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "missing", "unknown")
"""Lower-case texts that mean "no value" in a column of numbers or dates; in other columns they are values."""

FEW = 64
"""Cells up to which Python reads them: a call of Polars costs more."""
WHITE = "".join(chr(c) for c in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F))
WHITE += chr(0x205F) + chr(0x3000)
"""Unicode's White_Space, which Polars strips; Python alone would strip four separators of information more."""


def is_missing_token(series: pl.Series) -> pl.Series:
    """Boolean series: True where the cell's text is one of MISSING_TOKENS."""
    return series.cast(pl.String).str.strip_chars().str.to_lowercase().is_in(list(MISSING_TOKENS))


def as_text(series: pl.Series) -> pl.Series:
    """Every cell as text, null where empty: 1.0 → "1", true → "true", dates in ISO form, surrounding blanks cut.

    Returns:
        a String series of the same length and name. Lists become JSON-like text, binary cells become null.
    """
    name = series.name
    if len(series) <= FEW and (series.dtype in (pl.String, pl.Boolean) or series.dtype.is_integer()):
        given = series.to_list()
        texts = [cell_text(value) for value in given]
        return series if series.dtype == pl.String and texts == given else pl.Series(name, texts, pl.String)
    if series.dtype.is_float():
        whole = series.is_finite() & (series == series.round()) & (series.abs() < 1e15)
        text = (
            pl.select(
                pl.when(whole)
                .then(series.cast(pl.Int64, strict=False).cast(pl.String))
                .otherwise(series.cast(pl.String))
            )
            .to_series()
            .set(series.is_nan().fill_null(False), None)
        )
    elif series.dtype == pl.Boolean:
        text = series.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    elif series.dtype == pl.Binary or series.dtype == pl.Null:
        text = pl.Series(name, [None] * len(series), dtype=pl.String)
    elif isinstance(series.dtype, (pl.List, pl.Array, pl.Struct, pl.Object)):
        text = pl.Series(name, [None if v is None else str(v) for v in series.to_list()], dtype=pl.String)
    else:
        text = series.cast(pl.String)
    return _filled(text).rename(name)


def _filled(text: pl.Series) -> pl.Series:
    """Surrounding blanks cut, null where nothing is left; one expression, as a call costs more than a short column."""
    cell = pl.col("cell").str.strip_chars()
    return text.rename("cell").to_frame().select(pl.when(cell.str.len_bytes() > 0).then(cell)).to_series()


def present(series: pl.Series) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """bool [N]: True where a cell is not null."""
    if not series.null_count():
        return np.ones(len(series), bool)
    if len(series) <= FEW:
        return np.array([value is not None for value in series.to_list()], bool)
    return series.is_not_null().to_numpy()


def cell_text(value: object) -> str | None:
    """`as_text` of one cell, for rows that come one by one.

    Example:
        >>> cell_text(1.0), cell_text(True), cell_text("  ")
        ('1', 'true', None)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).strip(WHITE) or None


def as_number(series: pl.Series, affix: str | None = None, bounds: bool = False) -> pl.Series:
    """Every cell as Float64; null where it is missing, no number, or not finite.

    "1,234.5", "12 %", "$5", "3.2 kg" and "(7)" are read, of a sign or unit only one a column: see
    `modalities.affixes`. True and false are 1 and 0; dates and other types are null.

    Args:
        affix: the column's sign or unit, as `read_numbers` tells; looked for in these cells where None.
        bounds: also read "<5", "~5" and "5 ± 1" as 5. Where the affix is looked for, only beside at least as many plain
            numbers: "<30" and ">50" alone are two classes.
    """
    return read_numbers(series, affix, bounds)[0]


def read_numbers(series: pl.Series, affix: str | None = None, bounds: bool = False) -> tuple[pl.Series, str]:
    """`as_number`, and the sign or unit that the cells carry ("$", "kg"); "" for none."""
    name, carried = series.name, affix or ""
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        value = series.cast(pl.Float64)
        if len(value) <= FEW:
            finite = [v if v is not None and math.isfinite(v) else None for v in value]
            return pl.Series(name, finite, pl.Float64), carried
    elif series.dtype in (pl.String, pl.Categorical) or isinstance(series.dtype, pl.Enum):
        value, carried = _numbers_of(series.cast(pl.String).str.strip_chars(), affix, bounds)
    else:
        value = pl.Series(name, [None] * len(series), dtype=pl.Float64)
    cell = pl.col("cell")
    finite_only = pl.when(cell.is_finite()).then(cell).alias(name)
    return value.rename("cell").to_frame().select(finite_only).to_series(), carried


def _numbers_of(text: pl.Series, affix: str | None, bounds: bool) -> tuple[pl.Series, str]:
    """Float64 [N] of texts, and the affix; what is plainly a number takes the short way."""
    value = text.cast(pl.Float64, strict=False)
    unread = value.is_null() & text.str.contains(r"\d").fill_null(False)
    rest = np.flatnonzero(unread.to_numpy())
    if not len(rest):
        return value, affix or ""
    cells = text.gather(rest)
    found, carried = read_affixed(without_bounds(cells) if bounds else cells, affix)
    value = value.scatter(rest, found)
    if bounds and affix is None:
        loose = found.is_not_null() & are_bounds(cells).fill_null(False)
        if 2 * int(loose.sum()) > value.count():
            value = value.scatter(rest, found.set(loose, None))
    return value, carried
