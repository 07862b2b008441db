"""Which rows the bootstrap draws together."""

from __future__ import annotations

import polars as pl

from consilience.core.recipe import Recipe
from consilience.data.clusters import cluster_codes, cluster_column


def test_equal_cells_are_one_cluster_and_missing_cells_are_alone() -> None:
    codes = cluster_codes(pl.DataFrame({"day": ["b", "a", "b", None, None]}), "day")
    assert codes is not None
    assert codes[0] == codes[2]
    assert len(set(codes.tolist())) == 4
    assert cluster_codes(pl.DataFrame({"day": ["a"]}), None) is None
    assert cluster_codes(pl.DataFrame({"day": ["a"]}), "week") is None


def test_the_report_says_before_the_split_and_the_history() -> None:
    history = {"id": "student", "columns": ["right"]}
    assert cluster_column(Recipe(target="y")) is None
    assert cluster_column(Recipe(target="y", history=history)) == "student"
    assert cluster_column(Recipe(target="y", history=history, split={"group": "school"})) == "school"
    assert cluster_column(Recipe(target="y", split={"group": "school"}, report={"cluster": "day"})) == "day"
