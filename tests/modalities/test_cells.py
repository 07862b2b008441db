"""What one cell says is what its column says."""

from __future__ import annotations

import polars as pl
import pytest

from consilience.modalities.cells import as_text, cell_text


@pytest.mark.parametrize(
    "cells", [[True, False, None], [1.0, 2.5, float("nan"), None, 1e20], [3, -4, None], [" a ", "", "  ", "é", None]]
)
def test_one_cell_reads_as_its_column_does(cells: list[object]) -> None:
    assert [cell_text(c) for c in cells] == as_text(pl.Series(cells)).to_list()
