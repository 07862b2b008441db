"""What differs in a recipe when the target is a text to be written (one network, words as tokens, other references), or
the relation of two entities in a text (an encoder that reads word order)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.core.box_policy import fit_to_boxes
from consilience.core.config import Choice
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Recipe
from consilience.core.registry import get, names

TEXT_ENCODER = "transformer_text"
TEXT_REFERENCES = ("lead", "textrank")
STEP_ENCODER = "linear_series"
"""Of windows: the same steps stand at the same place in every row (validation error on ETTh1 at 96 steps 0.682, that of
conv_series 0.684 at twice the processor time)."""
STEP_REFERENCES = ("naive", "seasonal_naive", "past_linear", "theta")


def fit_to_kind(recipe: Recipe, modalities: Mapping[str, str], kind: str) -> Recipe:
    """The recipe as a task of this kind needs it; what the user chose stays where it can.

    Raises:
        InputError: for folds or several networks of texts, which cannot be averaged, and for references that do not
            fit the task.
    """
    if kind == "forecast":
        recipe = _for_steps(recipe)
    if kind == "boxes":
        return fit_to_boxes(recipe, modalities)
    if kind != "text":
        _check_references(recipe, kind)
        if recipe.relation and "text" not in recipe.encoders:  # which entity stands where is a matter of word order
            recipe = recipe.model_copy(update={"encoders": {"text": Choice(type=TEXT_ENCODER), **recipe.encoders}})
        return recipe
    for field, value in (("split.folds", recipe.split.folds), ("train.networks", recipe.train.networks)):
        if value not in (None, 1):
            raise InputError(f"texts cannot be averaged, received {field}={value}", where=field, fix="Leave it at 1")
    encoders = {"text": Choice(type=TEXT_ENCODER), **recipe.encoders}
    groups = {
        name: group if group.encoder is None else group.model_copy(update={"encoder": _worded(group.encoder)})
        for name, group in recipe.groups.items()
    }
    fusion = recipe.fusion
    if fusion.type == "auto" and "candidates" not in fusion.options:  # a decoder each would train twice as long
        fusion = Choice(**{**fusion.model_dump(), "candidates": ["concat"]})
    recipe = recipe.model_copy(
        update={
            "encoders": {name: _worded(encoder) for name, encoder in encoders.items()},
            "groups": groups,
            "fusion": fusion,
            "references": _references(recipe, modalities),
            "split": recipe.split.model_copy(update={"folds": 1}),
            "train": recipe.train.model_copy(update={"networks": 1}),
        }
    )
    _check_references(recipe, kind)
    return recipe


def _worded(encoder: Choice) -> Choice:
    """A text encoder that gives one token a word where it can: a decoder looks at words."""
    component = get("encoder", encoder.type)
    fields = component.Config.model_fields
    if component.modality != "text" or "tokens" not in fields or "tokens" in encoder.options:
        return encoder
    return Choice(**{**encoder.model_dump(), "tokens": "word"})


def _references(recipe: Recipe, modalities: Mapping[str, str]) -> tuple[str, ...]:
    """The user's; in place of the usual ones those that cut a summary out, where there is a text to cut."""
    if recipe.references != Recipe.model_fields["references"].default:
        return recipe.references
    return TEXT_REFERENCES if "text" in modalities.values() else ()


def _for_steps(recipe: Recipe) -> Recipe:
    """The recipe for forecasts: linear maps of the past, and baselines that read it too."""
    if "series" not in recipe.encoders:
        recipe = recipe.model_copy(update={"encoders": {"series": Choice(type=STEP_ENCODER), **recipe.encoders}})
    if recipe.references == Recipe.model_fields["references"].default:
        recipe = recipe.model_copy(update={"references": STEP_REFERENCES})
    return recipe


def _speaks_of(reference: Any) -> str:
    """What a reference predicts: "text", "boxes", "forecast", or else "value"."""
    for field, what in (("texts", "text"), ("boxes", "boxes"), ("forecasts", "forecast")):
        if getattr(reference, field, False):
            return what
    return "value"


SPEAKS = {"text": "predicts texts only", "boxes": "finds boxes only", "forecast": "forecasts series only"}


def _check_references(recipe: Recipe, kind: str) -> None:
    wanted = kind if kind in SPEAKS else "value"
    fitting = [n for n in names("reference") if _speaks_of(get("reference", n)) == wanted]
    for name in recipe.references:
        if name not in fitting:
            what = SPEAKS.get(_speaks_of(get("reference", name)), f"predicts no {kind}")
            raise InputError(f"the reference {name!r} {what}", where="references", fix=nearest(name, fitting))
