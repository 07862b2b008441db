from __future__ import annotations

from typing import Any

import pytest

from consilience.data.findings import NotApplicable


def test_classes_under_ten_rows_are_named_with_rows(look: Any) -> None:
    labels = ["cat"] * 30 + ["dog"] * 30 + ["newt"] * 3
    (found,) = look("rare_class", {"a": range(63), "y": labels}, "y")
    assert "'newt (3)'" in found.message
    assert found.rows == (60, 61, 62)
    assert found.details["classes"] == {"newt": 3}


def test_labels_of_several_are_counted_one_by_one(look: Any) -> None:
    labels = ["a|b", "a", "b"] * 20 + ["a|rare", "b|rare"]
    (found,) = look("rare_class", {"x": range(62), "y": labels}, "y")
    assert found.details["classes"] == {"rare": 2}


def test_large_classes_are_fine_and_numbers_have_none(look: Any) -> None:
    assert look("rare_class", {"a": range(40), "y": ["k", "l"] * 20}, "y") == []
    with pytest.raises(NotApplicable):
        look("rare_class", {"a": range(99), "y": [i / 7 for i in range(99)]}, "y")
