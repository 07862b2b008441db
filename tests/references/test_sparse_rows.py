"""Blocks put side by side by NumPy are those of SciPy, entry by entry."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.references.sparse_rows import FEW, SparseRows, beside


def random_rows(count: int, width: int, random: np.random.Generator) -> sparse.csr_matrix:
    return sparse.random(count, width, 0.3, format="csr", dtype=np.float32, random_state=random)


def plain(matrix: sparse.csr_matrix) -> SparseRows:
    return SparseRows(matrix.data, matrix.indices, matrix.indptr, matrix.shape)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 9), widths=st.lists(st.integers(0, 7), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_few_rows_side_by_side_are_those_of_scipy(count: int, widths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    blocks = [random_rows(count, width, random) for width in widths]
    dense = random.standard_normal((count, 3)).astype(np.float32) * (random.random((count, 3)) > 0.5)
    wanted = sparse.hstack([*blocks, sparse.csr_matrix(dense)], format="csr")
    found = beside([plain(block) if place % 2 else block for place, block in enumerate(blocks)], dense)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, part), getattr(wanted, part))
    assert found.shape == wanted.shape
    assert found.dtype == np.float32


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_many_rows_give_the_same_products(count: int) -> None:
    random = np.random.default_rng(0)
    block = random_rows(count, 40, random)
    dense = random.standard_normal((count, 5)).astype(np.float32)
    weights = random.standard_normal((45, 2)).astype(np.float32)
    found = beside([plain(block)], dense) @ weights
    each = [beside([plain(block[row])], dense[row : row + 1]) @ weights for row in range(count)]
    np.testing.assert_array_equal(found, np.concatenate(each))
