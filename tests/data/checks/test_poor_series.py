from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from consilience.data.findings import NotApplicable


def waves() -> list[Any]:
    return np.random.default_rng(0).normal(size=(40, 9)).round(3).tolist()


def test_constant_missing_and_unreadable_series_are_named(look: Any) -> None:
    cells = [", ".join("" if value is None else str(value) for value in row) for row in waves()]
    cells[3] = cells[7] = "2.5, 2.5, 2.5, 2.5"
    cells[5] = "1.5, , , , , , 2"
    cells[9] = "no series at all"
    constant, missing, unreadable = look("poor_series", {"s": cells, "y": ["k", "l"] * 20}, "y")
    assert (constant.rows, missing.rows, unreadable.rows) == ((3, 7), (5,), (9,))
    assert "2 of 40 series in 's'" in constant.message
    assert constant.severity == "info"


def test_most_series_constant_is_a_warning(look: Any) -> None:
    cells = [[float(i)] * 6 for i in range(30)] + waves()[:10]
    (found,) = look("poor_series", {"s": cells})
    assert found.severity == "warning"


def test_good_series_and_no_series(look: Any) -> None:
    assert look("poor_series", {"s": waves()}) == []
    with pytest.raises(NotApplicable):
        look("poor_series", {"a": [1.5, 2.5] * 9})
