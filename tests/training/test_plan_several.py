"""The plans of several targets: shared rows, a view a target, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.core.recipe import dump_recipe, make_recipe
from consilience.data.table import read_table
from consilience.training.plan import Given, make_plan
from consilience.training.plan_several import Plans, make_plans


def frame(rows: int = 120, apart: bool = False) -> pl.DataFrame:
    """Half of the rows know the label, half the age, where `apart`."""
    random = np.random.default_rng(0)
    x = random.normal(size=rows)
    label = ["yes" if v > 0 else "no" for v in x]
    age = (50 + 10 * x + random.normal(size=rows)).tolist()
    if apart:
        label = [v if i % 2 else None for i, v in enumerate(label)]  # type: ignore[misc]
        age = [None if i % 2 else v for i, v in enumerate(age)]
    return pl.DataFrame({"x": x, "z": random.normal(size=rows), "label": label, "age": age})


def plans(table: pl.DataFrame, **fields: Any) -> Plans:
    return make_plans(make_recipe({"target": ["label", "age"], "effort": 1, **fields}), Given(read_table(table)))


def test_a_view_is_the_plan_of_a_single_target() -> None:
    found = plans(frame())
    assert list(found.views) == ["label", "age"]
    assert found.joint.task.outputs == 3
    age = found.views["age"]
    assert age.recipe.target == "age"
    assert age.recipe.targets == ()
    assert age.task.kind == "regression"
    assert age.schema.modalities == {"x": "number", "z": "number"}
    assert age.recipe.ignore == ("label",)
    assert found.joint.recipe.ignore == ()
    assert all(np.array_equal(age.splits.test, plan.splits.test) for plan in found.views.values())
    assert found.joint.facts["task"]["age"] == age.facts["task"]


def test_targets_that_no_row_has_together_are_both_validated_and_tested() -> None:
    found = plans(frame(apart=True))
    for target, plan in found.views.items():
        values = plan.tables["train"].frame[target]
        for rows in (found.joint.splits.train, found.joint.splits.valid, found.joint.splits.test):
            assert values[rows].is_not_null().sum() >= 2


def test_a_recipe_of_several_is_written_and_read_again() -> None:
    found = plans(frame(), target_weights="learned")
    again = make_recipe(found.joint.recipe.model_dump(mode="json"))
    assert again == found.joint.recipe
    assert [o.type for o in again.objectives] == ["uncertainty"]
    assert [o.type for o in found.views["age"].recipe.objectives] == ["supervised"]
    assert "- label" in dump_recipe(again)


def test_a_recipe_of_one_target_is_written_as_before() -> None:
    fields = make_recipe({"target": "label"}).model_dump(mode="json")
    assert fields["target"] == "label"
    assert not {"targets", "target_weights"} & set(fields)
    assert "alone" not in fields["report"]
    assert make_recipe({"target": ["label"]}) == make_recipe({"target": "label"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": ["label", "agee"]}, "no column is named 'agee'.*age"),
        ({"target": ["label", "label"]}, "named twice"),
        ({"target": []}, "column name or a list"),
        ({"target_weights": {"agee": 1}}, "'agee' is no target.*age"),
        ({"target_weights": {"age": -1}}, "not negative"),
        ({"target_weights": {"age": 0, "label": 0}}, "every target has weight 0"),
        ({"task": {"type": "regression"}}, "task of one target"),
        ({"task": {"type": "several", "tasks": {"label": {"type": "generation"}}}}, "text to write is learned alone"),
        ({"task": {"type": "several", "tasks": {"x": {"type": "regression"}}}}, "'x' is no target"),
        ({"targets": ["label"]}, "Write several as a list"),
        ({"objectives": [{"type": "distil"}]}, "a student has one target"),
    ],
)
def test_what_cannot_be_is_said(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        plans(frame(), **fields)


def test_a_target_without_test_rows_is_said() -> None:
    table = frame().with_columns(pl.when(pl.int_range(pl.len()) < 3).then(pl.col("age")).alias("age"))
    with pytest.raises(InputError, match=r"no (valid|test|train) row has a value|distinct numbers"):
        plans(table)


def test_names_whose_columns_would_be_mixed_up_are_said() -> None:
    table = frame().rename({"label": "age:low"})
    with pytest.raises(InputError, match=r"age:low.*Rename it"):
        plans(table, target=["age", "age:low"])


def test_more_targets_get_more_epochs() -> None:
    table = frame().with_columns(pl.col("age").alias("height") * 2)
    one = make_plan(make_recipe({"target": "label", "effort": 1}), Given(read_table(table))).recipe.train.epochs
    three = plans(table, target=["label", "age", "height"]).joint.recipe.train.epochs
    assert three == 2 * int(one or 0)
    assert plans(table, train={"epochs": 5}).joint.recipe.train.epochs == 5


def test_what_takes_one_target_says_so() -> None:
    with pytest.raises(InputError, match="this takes one target, received 'label', 'age'"):
        make_plan(make_recipe({"target": ["label", "age"]}), Given(read_table(frame())))
