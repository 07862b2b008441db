"""Which pretrained model of this machine suits a column of text: ranked by LogME on a sample, no training needed.

`model: auto` takes the first of the ranking; the recipe that is kept names it, so that a run can be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Group, Prepare, Recipe
from consilience.data.features import learn_facts
from consilience.encoders.pretrained.inventory import text_models
from consilience.modalities.base import Arrays
from consilience.modalities.text import Text
from consilience.tasks.base import Targets
from consilience.training.log_me import log_me

AUTO = "auto"
ENCODER = "hf_text"
ROWS = 1_000
"""Rows of the sample that the models are ranked on."""
BATCH = 64


class Ranked(NamedTuple):
    """A model and how well its vectors tell the target. log_me: larger is better. seconds: to read the sample."""

    model: str
    log_me: float
    width: int
    parameters: int
    seconds: float


def choose_models(
    recipe: Recipe, frame: pl.DataFrame, targets: Targets, listener: Listener = nobody
) -> tuple[Recipe, dict[str, list[Ranked]]]:
    """The recipe with a name in the place of every `model: auto`, and group → ranking.

    Args:
        frame: training rows. targets: theirs.
    Raises:
        InputError: when there is no model on this machine.
    """
    groups, rankings = dict(recipe.groups), {}
    for name, group in recipe.groups.items():
        if group.encoder is None or group.encoder.type != ENCODER or group.encoder.options.get("model") != AUTO:
            continue
        rankings[name] = rank_models(frame, group, recipe.prepare, targets, listener)
        options = {**group.encoder.options, "model": rankings[name][0].model}
        groups[name] = group.model_copy(update={"encoder": Choice(**{"type": ENCODER, **options})})
    return recipe.model_copy(update={"groups": groups}), rankings


def rank_models(
    frame: pl.DataFrame, group: Group, prepare: Prepare, targets: Targets, listener: Listener = nobody
) -> list[Ranked]:
    """The local models for the text columns of `group`, best first.

    Raises:
        InputError: when there is no model on this machine.
    """
    models = text_models()
    if not models:
        fix = "Name a folder (consilience models says where models are looked for), or leave the encoder to the policy"
        raise InputError("no pretrained text model on this machine", where="encoder hf_text, model: auto", fix=fix)
    known = np.flatnonzero(targets.weight > 0)
    rows = known[np.linspace(0, len(known) - 1, min(ROWS, len(known))).astype(np.int64)]
    found = []
    for done, model in enumerate(models):
        listener({"event": "progress", "name": "rank", "done": done, "total": len(models)})
        began = time.monotonic()
        vectors = _vectors(model.name, frame[rows], group, prepare)
        score = log_me(vectors, targets.target[rows])
        seconds = time.monotonic() - began
        width = vectors.shape[1] // len(group.columns)
        found.append(Ranked(model.name, score, width, model.parameters, seconds))
    listener({"event": "progress", "name": "rank", "done": len(models), "total": len(models)})
    return sorted(found, key=lambda ranked: -ranked.log_me)


@torch.no_grad()
def _vectors(model: str, frame: pl.DataFrame, group: Group, prepare: Prepare) -> np.ndarray[Any, Any]:
    """[n, columns · D] what a frozen model says of the cells; 0 where a cell is missing."""
    choice = Choice(type=ENCODER, model=model)
    component, config = choice.configured("encoder")
    facts = learn_facts(frame, {"": group}, component.settings(config, prepare))[""]
    encoder = choice.build("encoder", {**facts, **component.learn(config, facts)})
    encoder.begin()
    encoder.eval()
    columns: Mapping[str, pl.Series] = {name: frame[name] for name in group.columns}
    arrays = Text.arrays(columns, facts).arrays
    order = np.argsort(-arrays["mask"].reshape(frame.height, -1).sum(1), kind="stable")
    found: np.ndarray[Any, Any] = np.zeros((frame.height, len(group.columns) * encoder.width), np.float32)
    for start in range(0, frame.height, BATCH):
        part = order[start : start + BATCH]
        made = encoder.before(_tensors(arrays, part))
        found[part] = (made["x"] * made["mask"].unsqueeze(-1)).flatten(1).numpy()
    return found


def _tensors(arrays: Arrays, rows: np.ndarray[Any, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array[rows]) for name, array in Text.trim(arrays).items()}
