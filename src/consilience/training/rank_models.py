"""Which pretrained model of this machine suits a group of texts, images or sounds: ranked by LogME on a sample, no
training needed.

`model: auto` takes the first of the ranking; the recipe that is kept names it, so that a run can be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Group, Prepare, Recipe
from consilience.core.registry import get
from consilience.data.features import learn_facts
from consilience.encoders.pretrained.inventory import Described, inventory, text_models
from consilience.modalities.base import Arrays
from consilience.tasks.base import Targets
from consilience.training.log_me import log_me

AUTO = "auto"
RANKED = {"text": ("hf_text",), "image": ("timm_image", "hf_image"), "audio": ("hf_audio",)}
"""Modality → the encoders that read pretrained models of it."""
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
        chosen = group.encoder
        if chosen is None or not _is_auto(group):
            continue
        rankings[name] = rank_models(frame, group, recipe.prepare, targets, listener)
        options = {**chosen.options, "model": rankings[name][0].model}
        groups[name] = group.model_copy(update={"encoder": Choice(**{"type": chosen.type, **options})})
    return recipe.model_copy(update={"groups": groups}), rankings


def _is_auto(group: Group) -> bool:
    """Whether the group's encoder asks for the best of the models that it can read."""
    chosen = group.encoder
    readers = RANKED.get(str(group.modality), ())
    return chosen is not None and chosen.type in readers and chosen.options.get("model") == AUTO


def models_for(group: Group) -> list[Described]:
    """The models of this machine that could read the group; of `model: auto` those that its encoder reads."""
    assert group.encoder is not None, "a resolved recipe names every encoder"
    readers = (group.encoder.type,) if _is_auto(group) else RANKED.get(str(group.modality), ())
    models = text_models() if group.modality == "text" else inventory()
    return [model for model in models if model.encoder in readers]


def rank_models(
    frame: pl.DataFrame, group: Group, prepare: Prepare, targets: Targets, listener: Listener = nobody
) -> list[Ranked]:
    """The local models for the columns of `group`, best first.

    Args:
        frame: training rows, media as bytes or absolute paths. targets: theirs.
    Raises:
        InputError: when there is no model on this machine.
    """
    models = models_for(group)
    if not models:
        fix = "Name a folder (consilience models says where models are looked for), or leave the encoder to the policy"
        where = f"encoder {' or '.join(RANKED[str(group.modality)])}, model: auto"
        raise InputError(f"no pretrained {group.modality} model on this machine", where=where, fix=fix)
    known = np.flatnonzero(targets.weight > 0)
    rows = known[np.linspace(0, len(known) - 1, min(ROWS, len(known))).astype(np.int64)]
    found = []
    for done, model in enumerate(models):
        listener({"event": "progress", "name": "rank", "done": done, "total": len(models)})
        began = time.monotonic()
        vectors = _vectors(model, frame[rows], group, prepare)
        score = log_me(vectors, targets.target[rows])
        seconds = time.monotonic() - began
        width = vectors.shape[1] // len(group.columns)
        found.append(Ranked(model.name, score, width, model.parameters, seconds))
    listener({"event": "progress", "name": "rank", "done": len(models), "total": len(models)})
    return sorted(found, key=lambda ranked: -ranked.log_me)


@torch.no_grad()
def _vectors(model: Described, frame: pl.DataFrame, group: Group, prepare: Prepare) -> np.ndarray[Any, Any]:
    """[n, columns · D] what a frozen model says of the cells; 0 where a cell is missing or cannot be read."""
    choice = Choice(type=str(model.encoder), model=model.name, pretrained=True, tune="frozen")
    component, config = choice.configured("encoder")
    facts = learn_facts(frame, {"": group}, component.settings(config, prepare))[""]
    encoder = choice.build("encoder", {**facts, **component.learn(config, facts)})
    encoder.begin()
    encoder.eval()
    modality = get("modality", str(group.modality))
    found: np.ndarray[Any, Any] = np.zeros((frame.height, len(group.columns) * encoder.width), np.float32)
    for part, arrays in _batches(frame, group, facts, modality):
        inputs = {name: torch.from_numpy(array) for name, array in modality.trim(arrays).items()}
        found[part] = _said(encoder.before(inputs)).numpy()
    return found


def _batches(
    frame: pl.DataFrame, group: Group, facts: dict[str, Any], modality: Any
) -> Iterator[tuple[np.ndarray[Any, Any], Arrays]]:
    """(rows, their arrays): texts by length, so that little is padded; media are decoded a batch at a time."""
    columns = {name: frame[name] for name in group.columns}
    if modality.media:
        for start in range(0, frame.height, BATCH):
            part = np.arange(start, min(start + BATCH, frame.height))
            yield part, modality.arrays({name: cells[part] for name, cells in columns.items()}, facts).arrays
        return
    arrays = modality.arrays(columns, facts).arrays
    order = np.argsort(-arrays["mask"].reshape(frame.height, -1).sum(1), kind="stable")
    for start in range(0, frame.height, BATCH):
        part = order[start : start + BATCH]
        yield part, {name: array[part] for name, array in arrays.items()}


def _said(made: dict[str, torch.Tensor]) -> torch.Tensor:
    """[n, columns · D]: the vectors of a batch, of media the mean of their tokens, 0 under a False mask."""
    if "features" in made:
        tokens = made["features"].float() * made["mask"][..., None, None]
        return tokens.mean(2).flatten(1)
    return (made["x"] * made["mask"].unsqueeze(-1)).flatten(1)
