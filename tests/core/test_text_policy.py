"""What a recipe becomes when the target is a text, or the relation of two entities."""

from __future__ import annotations

from typing import Any

import pytest

from consilience.core.errors import InputError
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Recipe, make_recipe

SHAPE = Shape(300, {"note": "text", "age": "number"}, "text")


def resolved(shape: Shape = SHAPE, **fields: Any) -> Recipe:
    return resolve(make_recipe({"target": "y", **fields}), shape)


def test_texts_are_written_by_one_network_that_sees_words() -> None:
    found = resolved()
    assert (found.split.folds, found.train.networks) == (1, 1)
    assert found.references == ("lead", "textrank")
    encoder = found.groups["text"].encoder
    assert encoder is not None
    assert (encoder.type, encoder.options["tokens"]) == ("transformer_text", "word")
    assert found.fusion.options["candidates"] == ["concat"]
    assert resolve(found, SHAPE) == found


def test_what_the_user_chose_stays() -> None:
    found = resolved(encoders={"text": {"type": "conv_text"}}, references=["lead"], fusion={"type": "gated"})
    assert found.groups["text"].encoder.type == "conv_text"  # type: ignore[union-attr]
    assert found.references == ("lead",)
    assert found.fusion.type == "gated"
    kept = resolved(encoders={"text": {"type": "transformer_text", "tokens": "column"}})
    assert kept.groups["text"].encoder.options["tokens"] == "column"  # type: ignore[union-attr]


def test_nothing_to_cut_without_a_text() -> None:
    assert resolved(Shape(300, {"photo": "image"}, "text")).references == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"split": {"folds": 3}}, "split.folds: texts cannot be averaged"),
        ({"train": {"networks": 2}}, "train.networks: texts cannot be averaged"),
        ({"references": ["trees"]}, r"'trees' predicts no text.*lead"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolved(**fields)


def test_other_tasks_keep_their_references_and_refuse_these() -> None:
    other = SHAPE._replace(kind="binary")
    assert resolved(other).references == ("linear", "trees")
    with pytest.raises(InputError, match=r"'lead' predicts texts only.*linear"):
        resolved(other, references=["lead"])


def test_a_relation_is_read_by_an_encoder_of_word_order() -> None:
    other = SHAPE._replace(kind="binary")
    assert resolved(other).groups["text"].encoder.type == "conv_text"  # type: ignore[union-attr]
    found = resolved(other, relation={"text": "note"})
    assert found.groups["text"].encoder.type == "transformer_text"  # type: ignore[union-attr]
