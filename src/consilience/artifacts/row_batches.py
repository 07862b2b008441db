"""Which rows a network is given at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from consilience.artifacts.network import BATCH, Index

STRETCH = 1.5
"""Longest text of a batch over the shortest, where batches are grouped by length: the rest of a row is padding."""
SHORT = 16
"""Sub-words up to which texts count as equally long: a call costs something too."""


def slices(rows: int, most: int = BATCH) -> list[Index]:
    """Positions 0..rows-1 in their order, at most `most` at once."""
    return [np.arange(start, min(start + most, rows), dtype=np.int64) for start in range(0, rows, most)]


def text_lengths(texts: Sequence[Mapping[str, np.ndarray[Any, Any]]]) -> np.ndarray[Any, Any]:
    """Sub-words of the longest text of each row [N], from the arrays (mask [N, C, L]) of one or more groups."""
    return np.asarray(np.max([arrays["mask"].sum(-1).max(1) for arrays in texts], axis=0))


def by_length(lengths: np.ndarray[Any, Any], most: int = BATCH) -> list[Index]:
    """Positions of rows of like length, each batch sorted; lengths int [N], of the longest text of a row.

    Example:
        >>> [part.tolist() for part in by_length(np.array([90, 5, 80, 6]))]
        [[1, 3], [0, 2]]
    """
    order = np.argsort(lengths, kind="stable")
    parts, start = [], 0
    for stop in range(1, len(order) + 1):
        full = stop - start == most
        if stop == len(order) or full or lengths[order[stop]] > STRETCH * max(int(lengths[order[start]]), SHORT):
            parts.append(np.sort(order[start:stop]).astype(np.int64))
            start = stop
    return parts
