from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(("often", "severity"), [(180, "info"), (196, "warning")])
def test_a_class_that_is_nearly_everything(look: Any, often: int, severity: str) -> None:
    labels = ["no"] * often + ["yes"] * (200 - often)
    (found,) = look("imbalance", {"a": range(200), "y": labels}, "y")
    assert found.severity == severity
    assert f"{often} of 200 rows" in found.message


def test_ten_times_the_smallest(look: Any) -> None:
    labels = ["a"] * 200 + ["b"] * 200 + ["c"] * 15
    (found,) = look("imbalance", {"x": range(415), "y": labels}, "y")
    assert found.details["smallest"] == ["c", 15]


def test_even_classes_are_fine(look: Any) -> None:
    assert look("imbalance", {"a": range(100), "y": ["k"] * 60 + ["l"] * 40}, "y") == []
