"""Reading class labels from target cells: what detection, classification and multi-label tasks share."""

from __future__ import annotations

import numpy as np
import polars as pl

from consilience.modalities.category import PRINTED_LIST
from consilience.modalities.cells import as_number, as_text

SEPARATOR = "|"
"""Joins several labels in one cell."""
QUOTED = r"""("[^"]*"|'[^']*')"""
"""A label in a printed list."""


def count_classes(text: pl.Series) -> dict[str, int]:
    """Class → rows, in the order classes have everywhere: numbers by value, then texts by code point."""
    table = text.drop_nulls().rename("class").value_counts(name="rows")
    counts = dict(zip(table["class"].to_list(), table["rows"].to_list(), strict=True))
    return {name: int(counts[name]) for name in in_order(list(counts))}


def in_order(names: list[str]) -> list[str]:
    values = as_number(pl.Series(names, dtype=pl.String)).to_list()
    keyed = sorted(zip(names, values, strict=True), key=lambda p: (p[1] is None, p[1] or 0.0, p[0]))
    return [name for name, _ in keyed]


def is_label_struct(values: pl.Series) -> bool:
    """True for soft labels: struct cells {class: share}."""
    return isinstance(values.dtype, pl.Struct) and all(f.dtype.is_numeric() for f in values.dtype.fields)


def cell_type(values: pl.Series) -> str:
    """ "integer", "number", "boolean" or "string": the type that predicted labels are given back in."""
    if values.dtype.is_integer():
        return "integer"
    if values.dtype.is_float():
        known = values.drop_nulls().drop_nans()
        return "integer" if bool((known == known.round()).all()) else "number"
    return "boolean" if values.dtype == pl.Boolean else "string"


def typed(names: list[str], kind: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Class names in the type of the training cells, [K]."""
    if kind == "integer":
        return np.array([int(float(n)) for n in names], dtype=np.int64)
    if kind == "number":
        return np.array([float(n) for n in names], dtype=np.float64)
    if kind == "boolean":
        return np.array([n == "true" for n in names], dtype=bool)
    return np.array(names, dtype=object)


def class_index(text: pl.Series, classes: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Position of each cell's class, −1 where missing or unknown."""
    known = pl.Series(classes, dtype=pl.String)
    found = text.replace_strict(known, pl.Series(range(len(classes))), default=-1, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy()


def printed_lists(text: pl.Series) -> bool:
    """Whether texts are lists of labels as JSON or Python prints them, all but a few broken ones."""
    return text.dtype == pl.String and bool(len(text)) and float(text.str.contains(PRINTED_LIST).mean() or 0.0) > 0.95  # type: ignore[arg-type]


def label_lists(values: pl.Series, separator: str = SEPARATOR) -> pl.Series:
    """Cells as lists of label texts, blanks cut, empty labels dropped; null where the cell is missing.

    A text cell may also be a list as JSON or Python prints it: '["a", "b"]'. A list cell without entries stays an empty
    list: known to have no label.
    """
    if isinstance(values.dtype, (pl.List, pl.Array)):
        lists = values.cast(pl.List(values.dtype.inner))
        inner = as_text(lists.explode(empty_as_null=False, keep_nulls=False))
        lengths = lists.list.len().fill_null(0)
        rows = pl.Series(np.repeat(np.arange(len(values)), lengths.to_numpy()))
        return _regroup(rows, inner, lists.is_not_null())
    text = as_text(values)
    pieces = text.str.split(separator)
    printed = text.str.contains(PRINTED_LIST)
    if printed.any():
        quoted = text.str.extract_all(QUOTED).list.eval(pl.element().str.slice(1, pl.element().str.len_chars() - 2))
        pieces = pl.select(pl.when(printed).then(quoted).otherwise(pieces)).to_series()
    inner = as_text(pieces.explode(empty_as_null=False, keep_nulls=False))
    rows = pl.Series(np.repeat(np.arange(len(values)), pieces.list.len().fill_null(0).to_numpy()))
    return _regroup(rows, inner, text.is_not_null())


def _regroup(rows: pl.Series, labels: pl.Series, known: pl.Series) -> pl.Series:
    table = pl.DataFrame({"row": rows.cast(pl.Int64), "label": labels}).drop_nulls("label")
    lists = table.group_by("row", maintain_order=True).agg(pl.col("label"))
    every = pl.DataFrame({"row": np.arange(len(known)), "known": known})
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return joined.select(pl.when(pl.col("known")).then(pl.col("label").fill_null(empty)).otherwise(None)).to_series()
