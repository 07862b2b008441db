"""Rows are divided into calls without losing, repeating or reordering any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.artifacts.row_batches import SHORT, STRETCH, by_length, slices


@given(lengths=st.lists(st.integers(0, 400), min_size=1, max_size=60), most=st.integers(1, 20))
def test_every_row_is_in_one_batch_of_like_lengths(lengths: list[int], most: int) -> None:
    counted = np.array(lengths)
    parts = by_length(counted, most)
    assert sorted(np.concatenate(parts)) == list(range(len(lengths)))
    for part in parts:
        assert 0 < len(part) <= most
        assert counted[part].max() <= STRETCH * max(counted[part].min(), SHORT)


@pytest.mark.parametrize("rows", [0, 1, 4, 5])
def test_slices_cover_the_rows_in_order(rows: int) -> None:
    assert [i for part in slices(rows, 4) for i in part] == list(range(rows))
