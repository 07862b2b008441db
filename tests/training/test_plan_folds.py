"""Folds that are planned are made, and networks are counted for those that are made."""

from __future__ import annotations

import pytest
from tests.conftest import mixed_table

from consilience.core.recipe import make_recipe
from consilience.data.table import read_table
from consilience.training.plan import Given, make_plan


@pytest.mark.parametrize(("rows", "folds", "networks"), [(300, 5, 1), (1400, 1, 3)])
def test_the_plan_has_the_folds_and_networks_of_its_rows(rows: int, folds: int, networks: int) -> None:
    frame = mixed_table(rows).drop("note")
    plan = make_plan(make_recipe({"target": "sick"}), Given(read_table(frame)))
    assert plan.recipe.split.folds == folds
    assert (len(plan.folds) or 1) == folds
    assert plan.recipe.train.networks == networks


def test_a_validation_table_means_no_folds_and_several_networks() -> None:
    tables = [read_table(mixed_table(rows, seed=rows).drop("note")) for rows in (300, 60)]
    plan = make_plan(make_recipe({"target": "sick"}), Given(*tables))
    assert plan.folds == []
    assert plan.recipe.split.folds == 1
    assert plan.recipe.train.networks == 3
