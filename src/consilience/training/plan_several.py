"""The plan of a run with several targets: one plan for the network that learns all of them, and one for each target.

All share rows, splits, folds, groups and facts; the plan of a target is what a run for it alone would have had on these
rows, so that everything behind the network takes it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.several import view_recipe
from consilience.artifacts.store import plain
from consilience.core.config import Choice
from consilience.core.errors import InputError, nearest
from consilience.core.events import Listener, nobody
from consilience.core.policy import Shape, resolve, usual_patience
from consilience.core.recipe import Recipe
from consilience.data.entity_marks import mark_for_training
from consilience.data.schema import IGNORE, Schema, detect, media_paths
from consilience.data.split import Splits, make_splits
from consilience.modalities.cells import as_text
from consilience.training.plan import (
    Given,
    Known,
    Plan,
    check_columns,
    check_target,
    folds_of,
    ignored,
    learn_groups,
    learn_task,
    overrides,
    task_choice,
    task_options,
    unseen_labels,
    will_fold,
)
from consilience.training.rank_models import choose_models

SEVERAL = "several"
MOST_LONGER = 3.0
"""Epochs grow with the mean of 1 and the number of targets, at most so much."""
ABSENT = "\x00"
"""Stands for a missing cell among the classes to stratify by."""


class Aim(NamedTuple):
    """One target: its task as chosen, the task's kind, the sentence that says why, and the rows that know it [N]."""

    choice: Choice
    kind: str
    reason: str
    known: Known


@dataclass(frozen=True)
class Plans:
    """joint: of the network that learns every target. views: target → its own plan, in the order of the recipe."""

    joint: Plan
    views: dict[str, Plan]


def make_plans(recipe: Recipe, given: Given, listener: Listener = nobody) -> Plans:
    """`make_plan` for a recipe with several targets.

    Raises:
        InputError: as `make_plan`; when a target is a text to write, has no row in one of the parts, or a weight names
            none.
    """
    listener({"event": "stage", "name": "inspect"})
    given = Given(*(None if t is None else mark_for_training(t, recipe.relation) for t in given))  # type: ignore[arg-type]
    for table in given.named().values():
        for target in recipe.targets:
            check_target(target, table)
    aims = _aims(recipe, given.train.frame)
    _check_weights(recipe)
    lead = alone(recipe)
    schema = detect(given.train, recipe.target, ignored(lead), overrides(lead))
    check_columns(schema, given.train, lead)
    labelled = np.logical_or.reduce([aim.known for aim in aims.values()])
    strata = _strata(aims, given.train.frame)
    folding = will_fold(lead, schema, given, labelled, SEVERAL)
    if not folding and lead.split.folds is None:
        lead = lead.model_copy(update={"split": lead.split.model_copy(update={"folds": 1})})
    no_valid, no_test = given.valid is not None or folding, given.test is not None or lead.split.test == 0
    splits = make_splits(given.train, strata, labelled, lead.split, lead.seed, no_valid, no_test)
    _check_parts(aims, splits, given)
    shape = Shape(int(labelled[splits.train].sum()), schema.modalities, SEVERAL)
    resolved = _longer(resolve(lead.model_copy(update={"task": Choice(type=SEVERAL)}), shape), lead)
    resolved = resolved.model_copy(update={"ignore": recipe.ignore})
    return _learned(resolved, given, (schema, aims, splits, strata, labelled), listener)


def _longer(resolved: Recipe, given: Recipe) -> Recipe:
    """The recipe with more epochs, unless the user set them: encoders that several targets share have more to learn.

    Args:
        given: the recipe as the user wrote it.
    """
    if given.train.epochs is not None:
        return resolved
    count = len(given.targets)
    epochs = round(int(resolved.train.epochs or 1) * min((1 + count) / 2, MOST_LONGER))
    patience = given.train.early_stopping or usual_patience(epochs)
    train = resolved.train.model_copy(update={"epochs": epochs, "early_stopping": patience})
    return resolved.model_copy(update={"train": train})


def _learned(
    resolved: Recipe,
    given: Given,
    found: tuple[Schema, dict[str, Aim], Splits, pl.Series | None, Known],
    listener: Listener,
) -> Plans:
    """The plans from a resolved recipe whose task is still open."""
    schema, aims, splits, strata, labelled = found
    frame = given.train.frame
    choices = {target: completed(aim.choice, resolved) for target, aim in aims.items()}
    facts = {t: plain(learn_task(choice, frame[t].gather(splits.train))) for t, choice in choices.items()}
    tables = {name: media_paths(table, schema.modalities) for name, table in given.named().items()}
    listener({"event": "stage", "name": "learn"})
    first = choices[resolved.target].build("task", facts[resolved.target])
    rows = tables["train"].frame[splits.train]
    resolved, rankings = choose_models(
        resolved, rows, first.encode(frame[resolved.target].gather(splits.train)), listener
    )
    groups = plain(learn_groups(rows, resolved))
    resolved = with_tasks(resolved, choices)
    folds = folds_of(resolved, given, tables["train"], splits, strata, labelled)
    assert resolved.task is not None
    task = resolved.task.build("task", facts)
    warned = {t: unseen_labels(place.task, given, t) for t, place in task.places.items()}
    warnings = tuple(w for own in warned.values() for w in own)
    reasons = {target: aim.reason for target, aim in aims.items()}
    reason = "; ".join(f"{target}: {said}" for target, said in reasons.items())
    every = {"groups": groups, "task": facts}
    joint = Plan(resolved, schema, task, reason, every, tables, splits, folds, warnings, (), rankings)
    return Plans(joint, views_of(joint, reasons, warned))


def views_of(joint: Plan, reasons: Mapping[str, str], warned: Mapping[str, tuple[str, ...]]) -> dict[str, Plan]:
    """Target → its own plan, of the plan that learns all of them.

    Args:
        reasons: target → the sentence that says why it has its task. warned: target → the plan's warnings of it.
    """
    return {
        target: replace(
            joint,
            recipe=view_recipe(joint.recipe, target),
            schema=_schema_of(joint.schema, list(joint.task.places), target),
            task=place.task,
            task_reason=reasons[target],
            facts={"groups": joint.facts["groups"], "task": joint.facts["task"][target]},
            warnings=warned[target],
        )
        for target, place in joint.task.places.items()
    }


def with_tasks(resolved: Recipe, choices: Mapping[str, Choice]) -> Recipe:
    """The recipe with the task that holds those of all targets, and the objectives that it needs.

    Args:
        choices: target → its complete task.
    """
    update = {"task": _joint_task(resolved, dict(choices)), "objectives": _objectives(resolved)}
    return resolved.model_copy(update=update)


def alone(recipe: Recipe) -> Recipe:
    """The recipe as groups and columns are told from it: the targets are no evidence for one another."""
    return recipe.model_copy(update={"ignore": _others(recipe, recipe.target), "columns": _free(recipe)})


def _aims(recipe: Recipe, frame: pl.DataFrame) -> dict[str, Aim]:
    """Target → what is asked for.

    Raises:
        InputError: when a target cannot be learned, or beside others.
    """
    for target in recipe.targets:
        for other in recipe.targets:
            if target.startswith(f"{other}:"):
                what = f"predictions of {other!r} would have a column {target!r} or one like it"
                raise InputError(what, where=f"target column {target!r}", fix="Rename it")
    given: dict[str, Any] = {}
    if recipe.task is not None:
        if recipe.task.type != SEVERAL:
            fix = "Set it target by target: --set task.type=several --set task.tasks.TARGET.type=regression"
            raise InputError(f"{recipe.task.type} is the task of one target", where="task", fix=fix)
        given = recipe.task.configured("task")[1].tasks
    for name in given:
        if name not in recipe.targets:
            raise InputError(f"{name!r} is no target", where="task.tasks", fix=nearest(name, recipe.targets))
    found = {}
    for target in recipe.targets:
        own = recipe.model_copy(update={"target": target, "targets": (), "task": given.get(target)})
        choice, kind, reason = task_choice(own, frame[target])
        if kind == "text" or choice.type == SEVERAL:
            fix = "Train a model of its own for it"
            raise InputError("a text to write is learned alone", where=f"target column {target!r}", fix=fix)
        found[target] = Aim(choice, kind, reason, as_text(frame[target]).is_not_null().to_numpy())
    return found


def _check_weights(recipe: Recipe) -> None:
    """
    Raises:
        InputError: when a weight names no target, is negative, or all are 0.
    """
    weights = recipe.target_weights
    if not isinstance(weights, dict):
        return
    for name, weight in weights.items():
        if name not in recipe.targets:
            raise InputError(f"{name!r} is no target", where="target_weights", fix=nearest(name, recipe.targets))
        if not 0 <= weight < float("inf"):
            raise InputError(f"a weight is not negative, received {weight}", where=f"target_weights.{name}")
    if not any(weights.get(target, 1.0) > 0 for target in recipe.targets):
        raise InputError("every target has weight 0: nothing is left to learn", where="target_weights")


def _others(recipe: Recipe, target: str) -> tuple[str, ...]:
    """What is no evidence for a target: the columns left out, and the other targets."""
    return tuple(dict.fromkeys([*recipe.ignore, *(t for t in recipe.targets if t != target)]))


def _free(recipe: Recipe) -> dict[str, str]:
    """The modalities that the recipe sets, without those of targets."""
    return {column: modality for column, modality in recipe.columns.items() if column not in recipe.targets}


def _strata(aims: dict[str, Aim], frame: pl.DataFrame) -> pl.Series | None:
    """Classes to stratify by: those of the first target that has any, else which targets a row knows."""
    for target, aim in aims.items():
        if aim.kind in ("binary", "multiclass"):
            return as_text(frame[target]).fill_null(ABSENT)
    known = np.stack([aim.known for aim in aims.values()], 1)
    if known.all():
        return None
    return pl.Series(["".join("1" if k else "0" for k in row) for row in known])


def _check_parts(aims: dict[str, Aim], splits: Splits, given: Given) -> None:
    """
    Raises:
        InputError: when no row that validates or tests knows one of the targets.
    """
    for target, aim in aims.items():
        for part in ("train", "valid", "test"):
            rows = getattr(splits, part)
            table = getattr(given, part) if part != "train" else None
            known = aim.known[rows] if table is None else as_text(table.frame[target]).is_not_null().to_numpy()
            if len(known) and not known.any():
                raise InputError(f"no {part} row has a value", where=f"target column {target!r}", fix="Give more rows")


def completed(choice: Choice, recipe: Recipe) -> Choice:
    """The task of one target with every option, as a resolved recipe has them."""
    component, _ = choice.configured("task")
    return task_options(choice, component, recipe).complete("task")


def _joint_task(recipe: Recipe, choices: dict[str, Choice]) -> Choice:
    weights = recipe.target_weights if isinstance(recipe.target_weights, dict) else {}
    balance = "learned" if recipe.target_weights == "learned" else "fixed"
    tasks = {target: choice.model_dump(mode="json") for target, choice in choices.items()}
    return Choice(type=SEVERAL, tasks=tasks, weights=weights, balance=balance)


def _objectives(recipe: Recipe) -> tuple[Choice, ...]:
    """Those of the recipe; learned weights need an objective that learns them.

    Raises:
        InputError: for an objective that knows one target only.
    """
    for objective in recipe.objectives:
        if objective.type == "distil":
            raise InputError("a student has one target", where="objectives", fix="Distil a model of one target")
    if recipe.target_weights != "learned":
        return recipe.objectives
    return tuple(
        Choice(**{**o.model_dump(), "type": "uncertainty" if o.type == "supervised" else o.type})
        for o in recipe.objectives
    )


def _schema_of(schema: Schema, targets: list[str], target: str) -> Schema:
    """The schema of one target: the others are left out."""
    columns = [
        column._replace(modality=IGNORE, reason="another target")
        if column.name in targets and column.name != target
        else column
        for column in schema.columns
    ]
    return Schema(tuple(columns), target)
