"""Rows in time: the latest are held out, and equal times never stand on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.data.stratified_rows import Rows
from consilience.modalities.cells import as_number, as_text, is_missing_token
from consilience.modalities.date_formats import choose_formats, parse

Times = np.ndarray[Any, np.dtype[np.float64]]


def times_of(column: pl.Series, where: str) -> Times:
    """[n] float64 that orders the rows (numbers as they are, dates in seconds); NaN where missing.

    Raises:
        InputError: when cells are neither numbers nor dates; the message shows one.
    """
    if column.dtype.is_numeric():
        return as_number(column).cast(pl.Float64).to_numpy()
    text = as_text(column)
    said = text.is_not_null() & ~is_missing_token(text).fill_null(True)
    numbers = as_number(column).to_numpy()
    if column.dtype == pl.String and not np.isnan(numbers[said.to_numpy()]).any():
        return numbers
    times = parse(column, choose_formats(column))
    wrong = np.flatnonzero(np.isnan(times) & said.to_numpy())
    if len(wrong):
        cell = text[int(wrong[0])]
        raise InputError(
            f"{len(wrong):,} cells of the time column are no times, first {cell!r} in row {wrong[0]}",
            where=where,
        )
    return times


def hold_out_latest(times: Times, share: float, keep: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """[n] bool, True for about `share` of the rows, the latest; rows without a time are never held out.

    Args:
        times: [n], NaN where missing. keep: distinct times that must stay.

    Raises:
        InputError: when there are too few distinct times.
    """
    distinct, counts = np.unique(times[~np.isnan(times)], return_counts=True)
    if len(distinct) <= keep:
        raise InputError(f"{len(distinct)} distinct time{'s' if len(distinct) != 1 else ''} for {keep + 1} parts")
    held = np.cumsum(counts[::-1])[: len(distinct) - keep]
    cut = int(np.abs(held - share * len(times)).argmin()) + 1
    latest: np.ndarray[Any, np.dtype[np.bool_]] = times >= distinct[-cut]
    return latest


def blocks(times: Times, number: int) -> Rows:
    """[n] block of each row, 0 the earliest: about equal sizes, equal times together.

    There are at most `number` blocks. Rows without a time are in block 0.

    Raises:
        InputError: when there are fewer than two distinct times.
    """
    known = ~np.isnan(times)
    distinct, position, counts = np.unique(times[known], return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise InputError(f"{len(distinct)} distinct times cannot be cut into folds")
    middle = np.cumsum(counts) - counts / 2
    block_of_time = np.floor(middle / counts.sum() * min(number, len(distinct))).astype(np.int64)
    _, block_of_time = np.unique(block_of_time, return_inverse=True)
    if block_of_time[-1] == 0:
        block_of_time[-1] = 1
    block = np.zeros(len(times), np.int64)
    block[known] = block_of_time[position]
    return block
