from __future__ import annotations

import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import Recipe
from consilience.data.past_length import settle_past
from consilience.data.table import read_table


def table(steps: int, entities: int = 1) -> pl.DataFrame:
    rows = [(f"e{e}", 2000 + s, float(s)) for e in range(entities) for s in range(steps)]
    return pl.DataFrame(rows, schema=["shop", "year", "sold"], orient="row")


def settled(steps: int, entities: int = 1, **series: object) -> int:
    given = {"time": "year", "horizon": 2, **series}
    recipe = Recipe.model_validate({"target": "sold", "series": given | ({"id": "shop"} if entities > 1 else {})})
    found = settle_past({"train": read_table(table(steps, entities))}, recipe).series
    assert found is not None
    return found.past


def test_short_series_are_read_in_short_windows() -> None:
    assert settled(17) == 4  # 11 of 17 steps train
    assert settled(17, entities=3) == 4
    assert settled(4) == 1


def test_long_series_keep_the_usual_length() -> None:
    assert settled(1_000) == 96


def test_what_the_user_set_stays() -> None:
    assert settled(17, past=7) == 7
    assert settled(17, past=96) == 96


def test_no_series_no_change() -> None:
    recipe = Recipe.model_validate({"target": "sold"})
    assert settle_past({"train": read_table(table(9))}, recipe) is recipe


def test_an_unknown_entity_is_named() -> None:
    recipe = Recipe.model_validate({"target": "sold", "series": {"id": "shpo", "horizon": 2}})
    with pytest.raises(InputError, match="shpo"):
        settle_past({"train": read_table(table(9))}, recipe)
