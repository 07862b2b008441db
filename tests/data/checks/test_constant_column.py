from __future__ import annotations

from typing import Any


def test_constant_and_empty_columns_are_named(look: Any) -> None:
    table = {"a": ["x"] * 10, "b": [None] * 10, "c": list("abcdefghij")}
    empty, constant = look("constant_column", table)
    assert empty.columns == ("b",)
    assert "--ignore b" in empty.message
    assert constant.columns == ("a",)
    assert "a = x" in constant.message


def test_one_value_and_gaps_is_constant_too(look: Any) -> None:
    (found,) = look("constant_column", {"a": ["x", None] * 5, "b": list(range(10))})
    assert found.columns == ("a",)


def test_nothing_is_found_where_values_vary(look: Any) -> None:
    assert look("constant_column", {"a": [1, 2, 1, 2], "y": ["k"] * 4}, "y") == []
