"""What differs in a recipe when the target is boxes in an image: a pyramid of maps, larger images, one network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from consilience.core.config import Choice
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Recipe, Train
from consilience.core.registry import get, names

BOX_ENCODER = "pyramid_image"
BOX_REFERENCES = ("blobs",)
IMAGE_SIZE = {1: 192, 2: 256, 3: 320, 4: 416, 5: 512}
"""Longest side of the prepared image by effort, pixels: small things must stay visible."""
BATCH = 8
WIDTH = {1: 32, 2: 48, 3: 64, 4: 96, 5: 128}
STEPS = {1: 150, 2: 600, 3: 1_200, 4: 2_400, 5: 6_000}
"""Optimiser steps by effort, within the bounds below: efforts 1 to 3 take minutes on two cores."""
EPOCHS = {1: (1, 20), 2: (2, 60), 3: (6, 120), 4: (12, 200), 5: (24, 300)}
"""Least and most epochs."""
EVALUATIONS = 12
"""Times that the validation rows are looked at."""


def fit_to_boxes(recipe: Recipe, modalities: Mapping[str, str]) -> Recipe:
    """The recipe as boxes need it; what the user chose stays where it can.

    Raises:
        InputError: without a column of images; for folds, several networks or references, whose boxes cannot be
            averaged.
    """
    if "image" not in modalities.values():
        raise InputError("boxes are found in images, and no column holds images", where="task detection")
    for field, value in (("split.folds", recipe.split.folds), ("train.networks", recipe.train.networks)):
        if value not in (None, 1):
            raise InputError(f"boxes cannot be averaged, received {field}={value}", where=field, fix="Leave it at 1")
    encoders = {"image": Choice(type=BOX_ENCODER), **recipe.encoders}
    fusion = recipe.fusion
    if fusion.type == "auto" and "candidates" not in fusion.options:
        fusion = Choice(**{**fusion.model_dump(), "candidates": ["concat"]})
    groups = {
        name: group if group.encoder is None else group.model_copy(update={"encoder": _sized(group.encoder)})
        for name, group in recipe.groups.items()
    }
    size = recipe.prepare.image_size or IMAGE_SIZE[recipe.effort]
    return recipe.model_copy(
        update={
            "encoders": {name: _sized(encoder) for name, encoder in encoders.items()},
            "groups": groups,
            "fusion": fusion,
            "references": _references(recipe),
            "width": recipe.width or WIDTH[recipe.effort],
            "prepare": recipe.prepare.model_copy(update={"image_size": size}),
            "split": recipe.split.model_copy(update={"folds": 1}),
            "train": recipe.train.model_copy(update={"networks": 1}),
        }
    )


def _sized(encoder: Choice) -> Choice:
    """An encoder of images with each image's own size kept, where it can."""
    fields = get("encoder", encoder.type).Config.model_fields
    return Choice(**{**encoder.model_dump(), "keep_size": True}) if "keep_size" in fields else encoder


def _references(recipe: Recipe) -> tuple[str, ...]:
    """The user's; in place of the usual ones those that give boxes.

    Raises:
        InputError: for a reference that gives none.
    """
    if recipe.references == Recipe.model_fields["references"].default:
        return BOX_REFERENCES
    fitting = [name for name in names("reference") if getattr(get("reference", name), "boxes", False)]
    for name in recipe.references:
        if name not in fitting:
            raise InputError(
                f"the reference {name!r} predicts no boxes", where="references", fix=nearest(name, fitting)
            )
    return recipe.references


def box_training(recipe: Recipe, rows: int) -> Train:
    """The training's settings: batches of eight images, as many epochs as make a fixed number of steps."""
    train: Train = recipe.train
    batch = train.batch_size or BATCH
    low, high = EPOCHS[recipe.effort]
    steps = max(1, -(-max(rows, 1) // batch))
    epochs = train.epochs or max(low, min(high, round(STEPS[recipe.effort] / steps)))
    every = train.evaluate_every if train.evaluate_every > 1 else max(1, epochs // EVALUATIONS)
    update: dict[str, Any] = {
        "epochs": epochs,
        "networks": train.networks or 1,
        "batch_size": batch,
        "evaluate_every": every,
        "learning_rate": train.learning_rate or round(1e-3 * math.sqrt(batch / BATCH), 6),
        "early_stopping": train.early_stopping or EVALUATIONS,
        "average": train.average or "ema",
    }
    return train.model_copy(update=update)
