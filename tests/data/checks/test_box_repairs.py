"""Boxes that are mended or left out are counted by cause and named by row."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from consilience.data.checks.base import NotApplicable, View
from consilience.data.checks.box_repairs import BoxRepairs
from consilience.data.schema import detect
from consilience.data.table import Table


def view(folder: Path, cells: list[str | None], kind: str = "boxes") -> View:
    paths = []
    for i in range(len(cells)):
        cv2.imwrite(str(folder / f"{i}.png"), np.zeros((20, 30, 3), np.uint8))
        paths.append(str(folder / f"{i}.png"))
    table = Table(pl.DataFrame({"image": paths, "boxes": pl.Series(cells, dtype=pl.String)}), None, "table")
    return View(table=table, schema=detect(table, "boxes"), target="boxes", kind=kind)


def test_every_cause_is_counted(tmp_path: Path) -> None:
    cells = [
        json.dumps([{"box": [9, 9, 2, 2]}, {"box": [3, 3, 3, 9]}]),
        json.dumps([{"box": [20, 10, 36, 19]}]),
        "no boxes",
        None,
        "[]",
    ]
    (found,) = BoxRepairs().look(view(tmp_path, cells))
    assert found.details == {"reversed": 1, "dropped": 1, "outside": 1, "unreadable": 1}
    assert found.rows == (0, 1, 2)
    assert found.severity == "warning"


def test_clean_boxes_give_nothing_and_other_tasks_are_not_looked_at(tmp_path: Path) -> None:
    clean = [json.dumps([{"box": [0, 0, 30, 20]}]), "[]"]
    assert BoxRepairs().look(view(tmp_path, clean)) == []
    with pytest.raises(NotApplicable):
        BoxRepairs().look(view(tmp_path, clean, "multiclass"))
