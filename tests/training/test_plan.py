"""What a plan refuses, and what it says then."""

from __future__ import annotations

import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe
from consilience.data.table import Table
from consilience.training.plan import Given, make_plan


def test_steps_of_a_series_alone_are_no_evidence_and_the_way_out_is_named() -> None:
    frame = pl.DataFrame({"time": range(1, 61), "value": [i % 7 + i / 100 for i in range(60)]})
    with pytest.raises(InputError, match=r"series\.time=time --set series\.horizon=12") as found:
        make_plan(Recipe(target="value"), Given(Table(frame, None, "table")))
    assert "'time': identifier" in str(found.value)
    assert "--set columns.time=number" in str(found.value)
