"""A slice of a table's rows → records: every array of a group side by side, one record a row.

Laid out so, one read brings all of a row's arrays, and a file of rows can be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from consilience.core.registry import get
from consilience.modalities.base import Arrays, Facts, Prepared, Problem
from consilience.modalities.cells import as_text

Groups = Mapping[str, Facts]
Records = np.ndarray[Any, Any]
"""Structured array [N]: one field an array, of the array's shape without its first axis."""


def needed(frame: pl.DataFrame, groups: Groups) -> tuple[pl.DataFrame, list[Problem]]:
    """The columns that the groups read; a column the frame lacks is all missing and counted as a Problem."""
    names = list(dict.fromkeys(c for facts in groups.values() for c in facts["columns"]))
    schema = frame.schema
    if len(schema) == len(names) and all(schema.get(name) not in (None, pl.Object) for name in names):
        return frame, []
    absent = [name for name in names if name not in frame.columns]
    nulls = [pl.lit(None, dtype=pl.String).alias(name) for name in absent]
    objects = [as_text(frame[name]) for name in names if name not in absent and frame[name].dtype == pl.Object]
    chosen = frame.with_columns(*nulls, *objects).select(names)
    message = "the column is not in the table: treated as missing"
    return chosen, [Problem("absent_column", name, message, frame.height) for name in absent]


def prepare_group(frame: pl.DataFrame, facts: Facts) -> Prepared:
    """Canonical arrays of one group; rows of Problems count from the frame's start."""
    modality = get("modality", facts["modality"])
    prepared: Prepared = modality.arrays({name: frame[name] for name in facts["columns"]}, facts)
    return prepared


def record_type(frame: pl.DataFrame, facts: Facts) -> np.dtype[Any]:
    """The record of one row, found by preparing no row at all: arrays have fixed shapes for given facts."""
    return dtype_of(prepare_group(frame.clear(), facts).arrays)


def dtype_of(arrays: Arrays) -> np.dtype[Any]:
    """The record of one row of these arrays."""
    return np.dtype([(name, a.dtype, a.shape[1:]) for name, a in arrays.items()], align=True)


def plain_dtype(fields: list[list[Any]]) -> np.dtype[Any]:
    """The record type of [[name, dtype text, shape], …], as JSON keeps it."""
    return np.dtype([(name, kind, tuple(shape)) for name, kind, shape in fields], align=True)


def plain_fields(dtype: np.dtype[Any]) -> list[list[Any]]:
    """The inverse of `plain_dtype`."""
    assert dtype.fields is not None
    return [[name, dtype[name].base.str, list(dtype[name].shape)] for name in dtype.names or ()]


def to_records(arrays: Arrays, dtype: np.dtype[Any]) -> Records:
    """Arrays [N, …] as one structured array [N]; padding bytes are 0."""
    records = np.zeros(len(next(iter(arrays.values()))), dtype)
    for name, array in arrays.items():
        records[name] = array
    return records
