"""Earlier blocks hold the steps before the test only, and too many of them are refused with the number that fits."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe, SeriesWindows, Split
from consilience.data.table import Table
from consilience.data.walk_blocks import Walk, walk_blocks

STEPS = 200


def table(**more: list[str]) -> Table:
    frame = pl.DataFrame({"t": np.arange(STEPS), "a": np.arange(STEPS) * 1.0, "b": np.arange(STEPS) * 2.0, **more})
    return Table(frame.sample(fraction=1.0, shuffle=True, seed=0), None, "steps")


def walked(folds: int, given: Table, **split: object) -> Walk | None:
    series = SeriesWindows(time="t", past=20, horizon=5)
    recipe = Recipe(target="*", series=series, split=Split(folds=folds, **split))  # type: ignore[arg-type]
    return walk_blocks({"train": given}, recipe, {"values": ["a", "b"]})


def test_blocks_stand_one_behind_the_other() -> None:
    walk = walked(4, table(), test=0.1)
    assert walk is not None
    assert [(block.first, block.last, block.until) for block in walk.blocks] == [
        ("120", "139", "119"),
        ("140", "159", "139"),
        ("160", "179", "159"),
        ("180", "199", "179"),
    ]
    for block in walk.blocks[:-1]:
        times = {name: part.frame["t"] for name, part in block.tables.items()}
        assert times["train"].max() < times["valid"].min()  # type: ignore[operator]
        assert times["valid"].max() < times["test"].min()  # type: ignore[operator]
        assert times["test"].max() == int(block.last)
    assert walk.blocks[-1].tables == {}
    assert walk.recipe.split.folds == 1


def test_a_column_of_parts_is_no_value_of_the_blocks() -> None:
    given = table()
    parts = ["test" if t >= 170 else "valid" if t >= 140 else "train" for t in given.frame["t"]]
    given = Table(given.frame.with_columns(pl.Series("part", parts)), None, "steps")
    walk = walked(2, given, column="part")
    assert walk is not None
    assert walk.recipe.ignore == ("part",)
    assert walk.recipe.split.column is None
    assert (walk.blocks[0].first, walk.blocks[0].last) == ("140", "169")


def test_too_many_blocks_name_the_number_that_fits() -> None:
    with pytest.raises(InputError, match=r"At most split\.folds=4 fits"):
        walked(8, table(), test=0.2)
    with pytest.raises(InputError, match="no test steps"):
        walked(2, table(), test=0)
    assert walked(1, table(), test=0.2) is None
