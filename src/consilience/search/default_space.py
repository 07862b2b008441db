"""The space that is searched where none is given: around the policy's own recipe, wider with more effort."""

from __future__ import annotations

from typing import Any

from consilience.core.recipe import Recipe
from consilience.core.registry import get, names
from consilience.search.space import Choices, Range, Space
from consilience.training.plan import Plan

FROM_SCRATCH = {
    "audio": ("mel_audio", "wave_audio"),
    "image": ("conv_image", "plain_cnn"),
    "number": ("number_periodic", "number_piecewise", "number_linear"),
    "series": ("conv_series", "patch_series", "linear_series", "rocket_series"),
    "sequence": ("conv_sequence", "kmer_sequence", "transformer_sequence"),
    "text": ("conv_text", "ngram_text", "transformer_text"),
    "video": ("frames_video", "conv3d_video"),
}
"""Encoders that need nothing from elsewhere, by modality; of a modality that is not here (another package's), every
encoder that reads it."""
FUSIONS = {1: ("concat", "gated"), 3: ("attention", "bottleneck"), 4: ("low_rank",)}
"""From this effort on also these."""
RATE = 6.0
"""Learning rates reach from the policy's divided by this to the policy's times this."""
DROPOUTS = (None, 0.0, 0.1, 0.25, 0.4)
"""None: what fusion and encoders have by themselves."""


def default_space(given: Recipe, plan: Plan) -> Space:
    """Learning rate, batch size, dropout and fusion; from effort 2 on width and weight decay; from 3 on the encoder of
    each modality; from 4 on modality dropout and label smoothing. Epochs stay as the policy has them.

    Args:
        given: the recipe as given. plan: its plan, which says what the policy makes of it.
    """
    resolved, effort = plan.recipe, given.effort
    rate, batch = float(resolved.train.learning_rate or 1e-3), int(resolved.train.batch_size or 32)
    several = len(resolved.groups) > 1
    space: Space = {
        "train.learning_rate": Range(low=rate / RATE, high=rate * RATE, log=True),
        "train.batch_size": Choices(choices=tuple(sorted({max(8, batch // 2), batch, 2 * batch}))),
        "train.dropout": Choices(choices=tuple(dict.fromkeys([resolved.train.dropout, *DROPOUTS]))),
    }
    if several:
        known = [name for least, found in FUSIONS.items() if effort >= least for name in found]
        space["fusion.type"] = Choices(choices=tuple(dict.fromkeys([resolved.fusion.type, *known])))
    if effort >= 2:
        width = int(resolved.width or 64)
        space["width"] = Choices(choices=(max(4, width // 2), width, 2 * width))
        space["train.weight_decay"] = Range(low=1e-4, high=0.5, log=True)
    if effort >= 3:
        space |= _encoders(given, resolved, "boxes" in _kinds(plan.task))
    if effort >= 4 and several:
        space["train.modality_dropout"] = Range(low=0.0, high=0.6)
    if effort >= 4 and _kinds(plan.task) & {"binary", "multiclass"}:
        space["train.label_smoothing"] = Range(low=0.0, high=0.2)
    return space


def _kinds(task: Any) -> set[str]:
    """Of the task; of one that holds several targets those of all."""
    return {place.task.kind for place in getattr(task, "places", {}).values()} or {task.kind}


def _encoders(given: Recipe, resolved: Recipe, boxes: bool) -> Space:
    """The encoders of each modality that stands in the table and whose groups have none of their own.

    Args:
        boxes: whether boxes are looked for: only images with maps of several sizes hold them, so images keep theirs.
    """
    own = {g.modality for n, g in resolved.groups.items() if given.groups.get(n) and given.groups[n].encoder}
    own |= {"image"} if boxes else set()
    found: Space = {}
    for group in resolved.groups.values():
        modality = str(group.modality)
        assert group.encoder is not None, "a resolved recipe names every encoder"
        rivals = FROM_SCRATCH.get(modality) or [n for n in names("encoder") if get("encoder", n).modality == modality]
        if modality not in own and rivals:
            found[f"encoders.{modality}"] = Choices(choices=tuple(dict.fromkeys([group.encoder.type, *rivals])))
    return {path: block for path, block in found.items() if isinstance(block, Choices) and len(block.choices) > 1}
