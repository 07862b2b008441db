"""Recipes: typos are named, settings are laid over, a resolved recipe is complete and can be given back."""

from __future__ import annotations

from pathlib import Path

import pytest

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Recipe, dump_recipe, make_recipe, read_recipe
from consilience.core.registry import get, names

SHAPE = Shape(5_000, {"age": "number", "dose": "number", "note": "text", "scan": "image"}, "binary")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": "y", "epoch": 3}, ("'epoch'", "value 3")),
        ({"target": "y", "train": {"learning_rte": 1}}, ("train.learning_rte", "'learning_rate'")),
        ({"target": "y", "effort": 9}, ("'effort'", "9")),
        ({"target": "y", "train": {"optimizer": "adamm"}}, ("train.optimizer", "adamm")),
        ({}, ("target", "nothing was received")),
    ],
)
def test_a_typo_is_one_line_with_path_value_and_nearest(values: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as error:
        make_recipe(values)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_unknown_components_name_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'conv_image'"):
        get("encoder", "conv_imag")
    with pytest.raises(InputError, match=r"unknown field 'widht'.*'width'"):
        Choice(type="number_periodic", widht=3).configured("encoder")


def test_settings_are_laid_over_and_typed() -> None:
    recipe = make_recipe(
        {"target": "y", "train": {"epochs": 2}},
        ("train.learning_rate=3e-4", "stack=false", "fusion.type=gated", "references=[linear]", "split.group=id"),
    )
    assert recipe.train.learning_rate == pytest.approx(3e-4)
    assert recipe.train.epochs == 2
    assert recipe.stack is False
    assert recipe.fusion.type == "gated"
    assert recipe.references == ("linear",)
    with pytest.raises(InputError, match="field=value"):
        make_recipe({"target": "y"}, ("train.epochs",))


def test_a_resolved_recipe_is_complete_and_comes_back(tmp_path: Path) -> None:
    recipe = resolve(Recipe(target="y", task=Choice(type="classification")), SHAPE)
    assert recipe.width is not None
    assert recipe.train.epochs is not None
    assert {g.modality for g in recipe.groups.values()} == {"number", "text", "image"}
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    again = make_recipe(read_recipe(path))
    assert again == recipe
    assert resolve(again, SHAPE) == recipe


@pytest.mark.parametrize("effort", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("rows", [50, 5_000, 2_000_000])
def test_every_effort_and_size_resolves(effort: int, rows: int) -> None:
    recipe = resolve(Recipe(target="y", effort=effort), SHAPE._replace(rows=rows))
    assert recipe.train.epochs is not None
    assert recipe.train.epochs * rows <= 20_000_000
    for group in recipe.groups.values():
        assert group.encoder is not None
        group.encoder.configured("encoder")


def test_groups_and_encoders_are_the_users(tmp_path: Path) -> None:
    given = make_recipe(
        {
            "target": "y",
            "groups": {"labs": {"columns": ["dose"]}},
            "encoders": {"labs": {"type": "number_linear"}, "text": {"type": "ngram_text"}},
        }
    )
    recipe = resolve(given, SHAPE)
    assert recipe.groups["labs"].columns == ("dose",)
    assert recipe.groups["number"].columns == ("age",)
    chosen = {name: group.encoder.type for name, group in recipe.groups.items() if group.encoder}
    assert chosen["labs"] == "number_linear"
    assert chosen["text"] == "ngram_text"
    wrong = make_recipe({"target": "y", "encoders": {"image": {"type": "conv_text"}}})
    with pytest.raises(InputError, match="'conv_text' reads text"):
        resolve(wrong, SHAPE)
    for bad in ({"groups": {"a": {"columns": ["nope"]}}}, {"encoders": {"imge": {"type": "conv_image"}}}):
        with pytest.raises(InputError):
            resolve(make_recipe({"target": "y", **bad}), SHAPE)


def test_registered_names_are_pinned() -> None:
    """Names are an interface: recipes on people's disks hold them."""
    modalities = ["audio", "category", "date", "image", "number", "sequence", "series", "text", "video"]
    assert names("modality") == modalities
    assert names("fusion") == ["attention", "auto", "bottleneck", "concat", "cross_attention", "gated", "low_rank"]
    tasks = ["classification", "detection", "forecast", "generation", "multilabel", "regression", "several"]
    assert names("task") == tasks
    forecasts = ["naive", "past_linear", "seasonal_naive", "theta"]
    assert names("reference") == sorted(["blobs", "lead", "linear", "textrank", "trees", *forecasts])
    assert "conv_image" in names("encoder")
    with pytest.raises(InputError, match=r"no such kind 'encodr'.*'encoder'"):
        names("encodr")


def test_pairs_of_repeated_sequences_train_longer_unless_told_otherwise() -> None:
    columns = {"drug": "sequence", "protein": "sequence"}
    plain = resolve(Recipe(target="y", effort=1), Shape(20_000, columns, "regression"))
    pairs = resolve(Recipe(target="y", effort=1), Shape(20_000, columns, "regression", repeated=True))
    assert int(pairs.train.epochs or 0) == 12
    assert int(plain.train.epochs or 0) == 3
    assert float(pairs.train.learning_rate or 0) == 2 * float(plain.train.learning_rate or 0)
    assert (plain.width, pairs.width) == (32, 128)
    told = make_recipe({"target": "y", "effort": 1, "width": 16, "train": {"epochs": 2, "learning_rate": 0.001}})
    told = resolve(told, Shape(20_000, columns, "regression", repeated=True))
    assert (told.width, told.train.epochs, told.train.learning_rate) == (16, 2, 0.001)
