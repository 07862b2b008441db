from __future__ import annotations

from typing import Any

import pytest

from consilience.data.findings import NotApplicable


def test_rows_without_a_target_are_counted(look: Any) -> None:
    (found,) = look("missing_target", {"a": range(10), "y": ["k", "l"] * 4 + [None, " "]}, "y")
    assert found.rows == (8, 9)
    assert found.severity == "info"
    assert "2 of 10 rows" in found.message


def test_words_for_unknown_are_pointed_out(look: Any) -> None:
    (found,) = look("missing_target", {"a": range(12), "y": ["k", "l", "NA", "k", "l", "?"] * 2}, "y")
    assert "'?', 'NA'" in found.message
    assert found.rows == (2, 5, 8, 11)


def test_without_a_target_it_cannot_look(look: Any) -> None:
    with pytest.raises(NotApplicable):
        look("missing_target", {"a": [1, 2]})
