"""Series written as text: "1, 2, 3", "1.5 2.5", "[1,2,3]", JSON of steps, and two levels ("1,2; 3,4").

Where commas stand without a blank between other separators ("1,5; 2,5"), one comma an item is a decimal comma and
several are channels.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.cells import MISSING_TOKENS
from consilience.modalities.series_json import Cell, read_cell

STRUCTURE = r"[\[{\"]|[;\n].*,|,.*[;\n]"
"""What is left of a text without its outer brackets when it is no plain list of numbers."""
LEVELS = r"\d,\d+[ \t]+[-+.\d]"
"""Commas inside of items that blanks part: "1,5 2,5"."""


class PlainSteps(NamedTuple):
    """values float64 [S], NaN = missing; counts int64 [N]; bad, partly bool [N]; other bool [N]: cells that are not
    plain lists of numbers and must be read one by one (their count is 0 here)."""

    values: np.ndarray[Any, Any]
    counts: np.ndarray[Any, Any]
    bad: np.ndarray[Any, Any]
    partly: np.ndarray[Any, Any]
    other: np.ndarray[Any, Any]


def plain_steps(text: pl.Series) -> PlainSteps:
    """Every cell that is one level of numbers, read at once. text: String, null where missing."""
    inside = text.str.strip_chars().str.replace(r"(?s)^[\[(](.*)[\])]$", "${1}").str.strip_chars()
    other = (inside.str.contains("(?s)" + STRUCTURE) | inside.str.contains(LEVELS)).fill_null(False)
    said = inside.set(other, None)
    cut = said.str.replace_all(r"\s*[,;]\s*|\s+", ",").str.replace(r",$", "")
    cut = cut.set((cut == "").fill_null(False), None)
    tokens = cut.str.split(",")
    counts = tokens.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    items = tokens.filter(pl.Series(counts > 0)).explode(empty_as_null=True, keep_nulls=True)
    values = items.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    lower = items.str.to_lowercase()
    unread = np.isnan(values) & ~(lower.is_in(list(MISSING_TOKENS)) | (lower == "")).fill_null(True).to_numpy()
    rows = np.repeat(np.arange(len(text)), counts)
    wrong = np.bincount(rows[unread], minlength=len(text))
    right = np.bincount(rows[np.isfinite(values)], minlength=len(text))
    bad = (wrong > 0) & (wrong >= right)
    kept = ~bad[rows]
    return PlainSteps(values[kept], np.where(bad, 0, counts), bad, (wrong > 0) & ~bad, other.to_numpy())


def read_lines(text: str) -> Cell | None:
    """One cell of JSON or of two levels of separators."""
    text = text.strip()
    if text[:1] in "[{(" and text[-1:] in "]})":
        found = _json(text)
        return Cell(np.zeros((0, 1)), bad=True) if found is _BROKEN else read_cell(found)
    if any(sign in text for sign in '[{"'):  # a bracket without its partner: the cell was cut off
        return Cell(np.zeros((0, 1)), bad=True)
    return read_cell([_items(line) for line in _lines(text)])


_BROKEN = object()


def _json(text: str) -> Any:
    """The values of JSON, of a printed Python list, or of a printed NumPy array; _BROKEN where it is none of them."""
    for change in (str, _as_json, _from_print):
        try:
            return json.loads(change(text))
        except (ValueError, RecursionError):
            continue
    return _BROKEN


def _as_json(text: str) -> str:
    """A printed Python list: None, nan and single quotes."""
    text = text.replace("'", '"').replace("(", "[").replace(")", "]")
    return re.sub(r"\b(None|nan|NaN|NA)\b", "null", text)


def _from_print(text: str) -> str:
    """A printed NumPy array: numbers parted by blanks, "1." without a digit behind."""
    text = re.sub(r"(?<=[\d.\]lN])\s+(?=[-+\d.\[nN])", ",", text.replace("nan", "null"))
    return re.sub(r"(?<=\d)\.(?!\d)", ".0", re.sub(r"(?<![\d.])\.(?=\d)", "0.", text))


def _lines(text: str) -> list[str]:
    for separator in (";", "\n"):
        if separator in text:
            return [line for line in text.split(separator) if line.strip()]
    return text.split()


def _items(line: str) -> list[str]:
    """A step's values: a single comma without a blank behind is a decimal comma."""
    line = line.strip()
    if line.count(",") == 1 and "." not in line and re.fullmatch(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?", line):
        return [line.replace(",", ".")]
    return re.split(r"\s*,\s*|\s+", line)
