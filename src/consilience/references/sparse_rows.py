"""Sparse rows without the checks that SciPy's matrices make of themselves: of one row they cost more than its sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse

Array = np.ndarray[Any, Any]

FEW = 64
"""Rows up to which NumPy puts blocks side by side, and Python cleans texts."""


class SparseRows(NamedTuple):
    """Compressed sparse rows, as `scipy.sparse.csr_matrix` names them; a column that stands twice in a row adds up.

    data: float32 [E]. indices: int [E], columns. indptr: int64 [N + 1], where rows begin. shape: (N, D).
    """

    data: Array
    indices: Array
    indptr: Array
    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> SparseRows:
        """Some rows, without a copy."""
        first, last = int(self.indptr[start]), int(self.indptr[stop])
        pointer = self.indptr[start : stop + 1] - first
        return SparseRows(self.data[first:last], self.indices[first:last], pointer, (stop - start, self.shape[1]))

    def matrix(self) -> sparse.csr_matrix:
        return sparse.csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)


Compressed = sparse.csr_matrix | SparseRows
"""Both have data, indices, indptr and shape."""


def matrix_of(rows: Compressed) -> sparse.csr_matrix:
    return rows.matrix() if isinstance(rows, SparseRows) else rows


def row_numbers(rows: Compressed) -> Array:
    """The row int64 [E] of each entry."""
    if rows.shape[0] == 1:
        return np.zeros(len(rows.data), np.int64)
    return np.repeat(np.arange(rows.shape[0]), rows.indptr[1:] - rows.indptr[:-1])


def beside(blocks: Sequence[Compressed], dense: Array) -> sparse.csr_matrix:
    """Blocks [N, ·] side by side, the dense one last; the same entries in the same order however many the rows."""
    count = len(dense)
    if count > FEW:
        matrices = [matrix_of(block) for block in blocks]
        return sparse.csr_matrix(sparse.hstack([*matrices, sparse.csr_matrix(dense)], format="csr"))
    row, column = np.nonzero(dense)
    parts = [*blocks, SparseRows(dense[row, column], column, np.searchsorted(row, np.arange(count + 1)), dense.shape)]
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    rows = np.concatenate([row_numbers(part) for part in parts])
    order = np.argsort(rows, kind="stable")
    indices = np.concatenate([part.indices + start for part, start in zip(parts, starts[:-1], strict=True)])[order]
    data = np.concatenate([part.data for part in parts])[order]
    pointer = np.searchsorted(rows[order], np.arange(count + 1))
    return sparse.csr_matrix((data, indices, pointer), shape=(count, int(starts[-1])))
