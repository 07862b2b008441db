"""A run made narrower: channels removed from its network, the rest taught by the run itself, and the two compared."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index
from consilience.artifacts.run_folder import RunFolder
from consilience.core.errors import InputError
from consilience.core.events import Listener
from consilience.core.files import write_json
from consilience.core.recipe import Recipe, make_recipe
from consilience.distillation.channels import Importance, check_share, cut_channels, same_when_built
from consilience.distillation.compare import compare_models
from consilience.distillation.distill import Distilled, Task
from consilience.distillation.student import Lesson
from consilience.distillation.teacher import Teacher, splits_of
from consilience.fusion.model import Multimodal, assemble
from consilience.fusion.narrow import widths_of
from consilience.pipeline import run_pipeline
from consilience.training.checkpoint import Progress, write_states
from consilience.training.data import Data
from consilience.training.optimization import tensors
from consilience.training.plan import Plan

RESULT = "prune.json"
EPOCHS, RATE = 0.5, 0.3
"""Of the run's own: how long what is left trains, and how fast."""
ROWS, BATCH = 512, 64
"""Training rows whose gradients say what a channel is worth."""


class Cut(NamedTuple):
    """share: of the channels to remove from each layer that convolves. importance: which ones go."""

    share: float
    importance: Importance


def make_cut(share: float, importance: str) -> Cut:
    """
    Raises:
        InputError: for a share that is none, or an unknown importance.
    """
    return Cut(share, check_share(share, importance))


def narrow_recipe(bundle: Bundle, lesson: Lesson, settings: Sequence[str]) -> Recipe:
    """The recipe of the narrower run: the run's own, resolved, with one network, its chosen fusion, and the run as a
    teacher.

    Raises:
        InputError: for a bundle without networks, or a setting that the recipe refuses.
    """
    if not bundle.networks:
        raise InputError("an exported model cannot be pruned: it holds no networks", fix="Give the run folder")
    values = bundle.recipe.model_dump(mode="json")
    train = values["train"]
    train |= {"networks": 1, "epochs": max(2, round(EPOCHS * (train["epochs"] or 2)))}
    train["learning_rate"] = RATE * (train["learning_rate"] or 1e-3)
    values |= {"references": [], "stack": False, "split": {**values["split"], "folds": 1}}
    if bundle.recipe.fusion.type == "auto":
        values["fusion"] = {**values["fusion"], "candidates": bundle.networks[0].candidates}
    values["objectives"] = [
        {"type": "supervised", "weight": 1 - lesson.weight},
        {"type": "distil", "weight": lesson.weight, "temperature": lesson.temperature},
    ]
    return make_recipe(values, tuple(settings), "narrower run")


class Pruner:
    """Narrows the network of a run, and lets the run teach what is left (`pipeline.Teach`).

    cut, left: afterwards group → parameters before and after, and group → why nothing of it was removed.
    """

    def __init__(self, teacher: Teacher, cut: Cut) -> None:
        self.teacher, self.asked = teacher, cut
        self.cut: dict[str, dict[str, int]] = {}
        self.left: dict[str, str] = {}

    def plan(self, plan: Plan) -> Plan:
        """The plan with the run's own facts: its weights mean nothing with others."""
        bundle = self.teacher.bundle
        if list(plan.recipe.groups) != bundle.groups:
            raise InputError("the narrower run has other groups of columns", fix="Leave columns and groups as they are")
        return replace(plan, facts=dict(bundle.facts), task=bundle.task)

    def teach(self, plan: Plan, data: Data, checkpoints: Path) -> tuple[Plan, Data]:
        """
        Raises:
            InputError: when nothing can be removed; the message says why for each group.
        """
        plan, data = self.teacher.teach(plan, data, checkpoints)
        self.teacher.listener({"event": "stage", "name": "Removing channels"})
        bundle = self.teacher.bundle
        network = copy.deepcopy(bundle.networks[0]).cpu().eval()
        if self.asked.importance == "taylor":
            _gradients(network, plan, data)
        whole = assemble(bundle.recipe, bundle.facts, bundle.task.outputs)
        widths = {group: found for group in network.groups if (found := self._narrowed(network, whole, group))}
        if not widths:
            reasons = "; ".join(f"{group}: {why}" for group, why in self.left.items())
            raise InputError(f"no channel of this run can be removed ({reasons})", fix="Try: consilience distill RUN")
        plan = replace(plan, facts={**plan.facts, "narrow": widths})
        self._check(plan, network, widths)
        states = {part: _copied(network) for part in ("model", "average")}
        checkpoints.mkdir(parents=True, exist_ok=True)
        write_states(checkpoints / "network.safetensors", states, asdict(Progress()))
        return plan, data

    def _narrowed(self, network: Multimodal, whole: Multimodal, group: str) -> dict[str, Any] | None:
        """Remove channels of one group's encoder → its widths; None where nothing of it can be removed."""
        key = network.keys[group]
        encoder: Any = copy.deepcopy(network.encoders[key])
        for mine, theirs in zip(encoder.parameters(), network.encoders[key].parameters(), strict=True):
            mine.grad = None if theirs.grad is None else theirs.grad.clone()
        before = sum(p.numel() for p in encoder.parameters())
        why = cut_channels(encoder, *self.asked)
        if why is not None:
            self.left[group] = why
            return None
        network.encoders[key] = encoder
        self.cut[group] = {"before": before, "after": sum(p.numel() for p in encoder.parameters())}
        return widths_of(encoder, whole.encoders[key])

    def _check(self, plan: Plan, network: Multimodal, widths: dict[str, Any]) -> None:
        built = assemble(plan.recipe, plan.facts, plan.task.outputs)
        for group in widths:
            mine: Any = network.encoders[network.keys[group]]
            theirs: Any = built.encoders[built.keys[group]]
            if not same_when_built(mine, theirs):
                raise InputError(f"the narrower encoder of group {group!r} could not be built from its widths")


def _copied(network: Multimodal) -> dict[str, Tensor]:
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors(network).items()}


def _gradients(network: Multimodal, plan: Plan, data: Data) -> None:
    """Gradients of the task's loss on some training rows, summed into the parameters."""
    source, train = data.rows(plan, "train")
    part = source.part(train).labelled()
    spread: Index = np.unique(np.linspace(0, len(part) - 1, min(len(part), ROWS)).astype(np.int64))
    for start in range(0, len(spread), BATCH):
        batch = part.batch(spread[start : start + BATCH], torch.device("cpu"), {})
        outputs = network(batch.inputs, None, batch.target)
        plan.task.loss(outputs.logits, batch.target, batch.weight).backward()


def run_pruning(task: Task, cut: Cut, folder: RunFolder, watch: tuple[Listener, str | None, float]) -> Distilled:
    """
    Args:
        task: its recipe is that of the narrower run. folder: of it. watch: see `pipeline.run_pipeline`.
    Raises:
        InputError: when the run has no test rows, or nothing of it can be removed.
    """
    bundle, listener = task.teacher.bundle, watch[0]
    splits = splits_of(bundle, task.tables)
    test = task.tables["test"] if "test" in task.tables else task.tables["train"].take(splits.test)
    if not test.rows:
        raise InputError("the run has no test rows, on which the two could be compared")
    pruner = Pruner(Teacher(bundle, splits, task.lesson, listener), cut)
    narrower = run_pipeline(task.recipe, dict(task.tables), task.described, folder, watch, pruner)
    listener({"event": "stage", "name": "Comparing the two"})
    result: dict[str, Any] = {
        "version": 1,
        **compare_models((task.teacher, task.lesson.voice), narrower, test, listener),
        **task.lesson._asdict(),
        **cut._asdict(),
        "groups": pruner.cut,
        "left": pruner.left,
        "rows": test.rows,
    }
    write_json(folder.path / RESULT, result)
    return Distilled(narrower, result)
