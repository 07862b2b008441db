"""Every way that people write boxes reads into one form; what cannot be used is counted."""

from __future__ import annotations

import json

import polars as pl
import pytest

from consilience.data.box_cells import Box, holds_boxes, read_cell

WANTED = Box(2.0, 3.0, 12.0, 8.0, "cat")


@pytest.mark.parametrize(
    "entry",
    [
        {"label": "cat", "box": [2, 3, 12, 8]},
        {"label": "cat", "x": 2, "y": 3, "w": 10, "h": 5},
        {"class": "cat", "x": 2, "y": 3, "width": 10, "height": 5},
        {"category": "cat", "bbox": [2, 3, 10, 5]},
        {"name": "cat", "xmin": 2, "ymin": 3, "xmax": 12, "ymax": 8},
        {"name": "cat", "bndbox": {"xmin": 2, "ymin": 3, "xmax": 12, "ymax": 8}},
        {"label": "cat", "x1": "2", "y1": "3", "x2": "12", "y2": "8"},
    ],
)
def test_every_form_gives_the_same_box(entry: dict[str, object]) -> None:
    for cell in ([entry], json.dumps([entry])):
        found = read_cell(cell)
        assert found is not None
        assert found.boxes == [WANTED]


def test_pairs_of_lists_are_read() -> None:
    found = read_cell({"boxes": [[2, 3, 12, 8]], "labels": ["cat"]})
    assert found is not None
    assert found.boxes == [WANTED]


def test_reversed_boxes_are_turned_and_empty_ones_dropped() -> None:
    found = read_cell(
        [
            {"label": "cat", "box": [12, 8, 2, 3]},
            {"label": "cat", "box": [5, 5, 5, 9]},
            {"label": "cat", "box": [0, 0, float("nan"), 3]},
            {"label": "cat", "bbox": [0, 0, 4, 4], "iscrowd": 1},
        ]
    )
    assert found is not None
    assert (found.boxes, found.reversed, found.dropped) == ([WANTED], 1, 3)


@pytest.mark.parametrize("cell", ["", "cat", "{}", "[1, 2]", '[{"label": "cat"}]', '[{"box": [1, 2]}]', None, 3])
def test_what_is_no_list_of_boxes_is_none(cell: object) -> None:
    assert read_cell(cell) is None


def test_a_column_is_told_by_its_cells() -> None:
    one = '[{"box": [1, 2, 3, 4]}]'
    assert holds_boxes(pl.Series(["[]", one, None, "[]"]))
    assert holds_boxes(pl.Series([[{"label": "a", "x": 1, "y": 1, "w": 2, "h": 2}], []]))
    assert not holds_boxes(pl.Series(["[]", "[]"]))
    assert not holds_boxes(pl.Series(["a", "b"]))
    assert not holds_boxes(pl.Series([["a"], ["b"]]))
    assert not holds_boxes(pl.Series([1.0, 2.0]))
