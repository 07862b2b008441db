"""`variant.vary_plan` for plans of several targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from consilience.core.config import Choice
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Recipe
from consilience.modalities.cells import as_text
from consilience.training.plan_several import SEVERAL, Plans, alone, completed, views_of, with_tasks
from consilience.training.variant import Memory, learned


def vary_plans(plans: Plans, recipe: Recipe, memory: Memory) -> Plans:
    """The plans of `recipe` with the rows, splits, folds, schema and tasks of `plans`.

    Args:
        recipe: as a user writes it (not resolved); its targets, columns, groups and split are those of the plans.
    Raises:
        InputError: when an encoder, fusion or option of the recipe is unknown.
    """
    joint = plans.joint
    base = joint.recipe
    frame = joint.tables["train"].frame[joint.splits.train]
    known = np.logical_or.reduce([as_text(frame[target]).is_not_null().to_numpy() for target in plans.views])
    wanted = alone(recipe).model_copy(update={"task": Choice(type=SEVERAL), "split": base.split})
    resolved = resolve(wanted, Shape(int(known.sum()), joint.schema.modalities, SEVERAL))
    resolved = with_tasks(resolved.model_copy(update={"ignore": base.ignore}), _choices(plans, recipe, resolved))
    groups = {name: learned(frame, name, group, resolved, memory) for name, group in resolved.groups.items()}
    assert resolved.task is not None, "with_tasks names the task"
    facts = {**joint.facts, "groups": groups}
    varied = replace(joint, recipe=resolved, facts=facts, task=resolved.task.build("task", facts["task"]))
    reasons = {target: view.task_reason for target, view in plans.views.items()}
    return Plans(varied, views_of(varied, reasons, {target: view.warnings for target, view in plans.views.items()}))


def _choices(plans: Plans, recipe: Recipe, resolved: Recipe) -> dict[str, Choice]:
    """Target → its complete task: options of losses follow the resolved recipe where the user set none."""
    given = recipe.task.configured("task")[1].tasks if recipe.task else {}
    usual = {target: Choice(type=view.recipe.task.type) for target, view in plans.views.items() if view.recipe.task}
    return {target: completed(given.get(target) or usual[target], resolved) for target in plans.views}
