"""Tables in memory: pandas, Polars and Arrow through Narwhals, and dictionaries of lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl
import pyarrow as pa

from consilience.core.errors import InputError
from consilience.data.table_files import mixed_cells

_CANNOT = (
    pa.ArrowInvalid,
    pa.ArrowTypeError,
    pa.ArrowNotImplementedError,
    TypeError,
    ValueError,
    OverflowError,
)


def read_memory(source: Any) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table as a Polars frame, and notes on columns whose cells had no common type.

    Raises:
        InputError: when it is no table, has duplicate column names or columns of unequal length.
    """
    if isinstance(source, pl.DataFrame):
        return source, ()
    if isinstance(source, pl.LazyFrame):
        return source.collect(), ()
    if isinstance(source, Mapping):
        return _from_mapping(source), ()
    _refuse_duplicates(source)
    try:
        frame = nw.from_native(source, eager_only=True)
    except TypeError:
        raise InputError(
            f"not a table: received {type(source).__name__}",
            fix="Give a file's path, a folder, a pandas, Polars or Arrow table, or a dictionary of lists",
        ) from None
    try:
        return frame.to_polars(), ()
    except _CANNOT:
        return _column_by_column(frame)


def _from_mapping(source: Mapping[Any, Any]) -> pl.DataFrame:
    columns = {str(name): cells for name, cells in source.items()}
    lengths = {name: len(cells) if hasattr(cells, "__len__") else None for name, cells in columns.items()}
    if None in lengths.values() or any(isinstance(cells, (str, bytes)) for cells in columns.values()):
        wrong = next(n for n, c in columns.items() if lengths[n] is None or isinstance(c, (str, bytes)))
        raise InputError(f"column {wrong!r} is not a list of cells", where="dictionary")
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name!r}: {length}" for name, length in list(lengths.items())[:5])
        raise InputError(f"columns of unequal length ({said})", where="dictionary")
    return pl.DataFrame([_series(name, cells) for name, cells in columns.items()])


def _series(name: str, cells: Any) -> pl.Series:
    if isinstance(cells, (list, tuple)):
        return mixed_cells(name, list(cells))
    try:
        return pl.Series(name, cells)
    except (*_CANNOT, pl.exceptions.PolarsError):
        return mixed_cells(name, list(cells))


def _refuse_duplicates(source: Any) -> None:
    names = getattr(source, "column_names", None)  # Arrow
    names = getattr(source, "columns", None) if names is None else names  # pandas and its kin
    twice = [
        str(name) for name, count in Counter(str(n) for n in (() if names is None else names)).items() if count > 1
    ]
    if twice:
        shown = ", ".join(repr(name) for name in twice[:5])
        raise InputError(f"duplicate column names: {shown}", fix="Give every column a name of its own")


def _column_by_column(frame: nw.DataFrame[Any]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """For frames with cells of several types in a column: that column as text, the others as they are."""
    columns: list[pl.Series] = []
    mixed: list[str] = []
    for name in frame.columns:
        column = frame.get_column(name)
        try:
            columns.append(column.to_polars().alias(str(name)))
        except _CANNOT:
            columns.append(mixed_cells(str(name), column.to_list()))
            if columns[-1].dtype == pl.String:
                mixed.append(str(name))
    shown = ", ".join(mixed[:5]) + (", …" if len(mixed) > 5 else "")
    return pl.DataFrame(columns), ((f"cells of several types read as text: {shown}",) if mixed else ())
