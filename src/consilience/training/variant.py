"""The plan of another recipe on the same rows: what its encoders ask for is learned anew, all else is shared."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from consilience.artifacts.store import plain
from consilience.core.config import Choice
from consilience.core.events import Listener, nobody
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Group, Recipe
from consilience.data.features import learn_facts
from consilience.data.history import place_history
from consilience.modalities.cells import as_text
from consilience.training.data import Data, prepare_data
from consilience.training.plan import Plan, levels_of, repeats, task_options


@dataclass
class Memory:
    """What was learned and prepared so far: recipes that ask for the same share it.

    facts: group and settings as JSON → facts. data: facts of all groups as JSON → prepared tables.
    """

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    data: dict[str, Data] = field(default_factory=dict)


def vary_plan(plan: Plan, recipe: Recipe, memory: Memory) -> Plan:
    """The plan of `recipe` with the rows, splits, folds, schema and task of `plan`.

    Args:
        recipe: as a user writes it (not resolved); its target, columns, groups and split are those of the plan.
    Raises:
        InputError: when an encoder, fusion or option of the recipe is unknown.
    """
    base = plan.recipe
    recipe = place_history(recipe, base.history, plan.schema.modalities)
    assert base.task is not None, "a plan holds a resolved recipe"
    frame = plan.tables["train"].frame[plan.splits.train]
    rows = int(as_text(frame[plan.target]).is_not_null().sum())
    choice = recipe.task or Choice(type=base.task.type)
    resolved = resolve(
        recipe.model_copy(update={"task": choice, "split": base.split}),
        Shape(rows, plan.schema.modalities, plan.task.kind, repeats(frame, plan.schema.modalities)),
    )
    component, _ = choice.configured("task")
    choice = task_options(choice, component, resolved).complete("task")
    resolved = resolved.model_copy(update={"task": choice})
    groups = {name: learned(frame, name, group, resolved, memory) for name, group in resolved.groups.items()}
    task_facts = plan.facts["task"]
    if hasattr(plan.task, "place"):  # boxes are looked for where the image's encoder has its maps
        task_facts = {**task_facts, **plain(plan.task.place(groups, levels_of(resolved, groups)))}
    facts = {**plan.facts, "groups": groups, "task": task_facts}
    return replace(plan, recipe=resolved, task=choice.build("task", task_facts), facts=facts)


def learned(frame: pl.DataFrame, name: str, group: Group, recipe: Recipe, memory: Memory) -> dict[str, Any]:
    """The facts of a group, from memory where another recipe asked for the same."""
    assert group.encoder is not None, "a resolved recipe names every encoder"
    encoder, config = group.encoder.configured("encoder")
    settings = encoder.settings(config, recipe.prepare)
    key = json.dumps([name, group.modality, group.columns, settings.model_dump(mode="json")])
    if key not in memory.facts:
        memory.facts[key] = plain(learn_facts(frame, {name: group}, settings)[name])
    return {**memory.facts[key], **plain(encoder.learn(config, memory.facts[key]))}


def shared_data(plan: Plan, memory: Memory, listener: Listener = nobody) -> Data:
    """The prepared tables of a plan, from memory where another plan had the same facts."""
    key = json.dumps([plan.facts["groups"], plan.recipe.prepare.model_dump(mode="json")], sort_keys=True)
    if key not in memory.data:
        memory.data[key] = prepare_data(plan, listener)
    return memory.data[key]
