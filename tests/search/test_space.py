"""A space is checked before anything is trained, and laid over a recipe without leaving stray options behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import mixed_table

from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe
from consilience.data.table import read_table
from consilience.search.default_space import default_space
from consilience.search.space import (
    Choices,
    Range,
    check_space,
    dump_space,
    laid_over,
    make_space,
    read_space,
    value_at,
)
from consilience.training.plan import Given, make_plan

RECIPE = make_recipe({"target": "y"})


def test_a_file_is_read_and_written_back(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "train.learning_rate: {low: 1e-4, high: 1e-2, log: true}\ntrain.epochs: {low: 2, high: 5}\n"
        "encoders.text: {choices: [conv_text, {type: ngram_text, embedding: 16}]}\n",
        encoding="utf-8",
    )
    space = read_space(path)
    assert space["train.learning_rate"] == Range(low=1e-4, high=1e-2, log=True)
    assert isinstance(space["train.epochs"], Range)
    assert space["train.epochs"].whole
    assert make_space(dump_space(space)) == space
    check_space(RECIPE, space)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"train.dropout": 3}, r"train.dropout: received 3"),
        ({"train.dropout": {"low": 0.5, "high": 0.1}}, "low must be smaller"),
        ({"train.learning_rate": {"low": 0.0, "high": 0.1, "log": True}}, "begins above 0"),
        ({"train.dropout": {"low": "x", "high": 1}}, "received 'x'"),
        ({"train.dropout": {"low": 0, "high": 1, "logs": True}}, "unknown field 'logs'"),
        ({"fusion": {"choices": []}}, "choices"),
        ({"fusion": {"choices": "concat"}}, "choices are a list"),
    ],
)
def test_a_block_that_is_none_of_the_two_is_named(values: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_space(values)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("trian.dropout", 0.1, "did you mean 'train'"),
        ("train.droput", 0.1, "did you mean 'dropout'"),
        ("train.dropout", 1.5, "less than 1"),
        ("split.test", 0.1, "cannot be searched"),
        ("seed", 1, "cannot be searched"),
    ],
)
def test_a_field_that_cannot_be_searched_is_named(path: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_space(RECIPE, {path: Choices(choices=(value,))})


def test_another_component_drops_the_options_of_the_first() -> None:
    recipe = make_recipe({"target": "y", "fusion": {"type": "auto", "candidates": ["concat"]}})
    assert laid_over(recipe, {"fusion.type": "auto"}).fusion.options == {"candidates": ["concat"]}
    changed = laid_over(recipe, {"fusion.dropout": 0.3, "fusion.type": "gated", "encoders.text": "ngram_text"})
    assert changed.fusion.model_dump() == {"type": "gated", "dropout": 0.3}
    assert changed.encoders["text"].type == "ngram_text"


def test_the_default_space_holds_the_policys_own_recipe_and_widens_with_effort() -> None:
    sizes = []
    for effort in (1, 2, 3, 4):
        recipe = make_recipe({"target": "sick", "effort": effort})
        plan = make_plan(recipe, Given(read_table(mixed_table(120, media=False))))
        space = default_space(recipe, plan)
        check_space(recipe, space)
        for path, block in space.items():
            assert block.holds(value_at(plan.recipe, path)), path
        sizes.append(len(space))
    assert sizes == sorted(sizes)
    assert sizes[0] == 4
    assert "encoders.text" in space
