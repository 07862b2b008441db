"""Targets that are lists of labels written as text."""

from __future__ import annotations

import polars as pl

from consilience.tasks.detect import detect_task
from consilience.tasks.labels import label_lists


def test_printed_lists_are_sets_of_labels() -> None:
    cells = pl.Series("tags", ['["red", "dark blue"]', "['red']", "[]", None])
    assert label_lists(cells).to_list() == [["red", "dark blue"], ["red"], [], None]
    assert label_lists(pl.Series(["a|b", "[1]"])).to_list() == [["a", "b"], ["[1]"]]


def test_printed_lists_are_told_from_classes() -> None:
    cells = pl.Series("tags", ['["a", "b"]', '["b"]', '["a"]'] * 10)
    assert detect_task(cells).kind == "multilabel"
