"""From tables and a recipe to everything that training needs to know, before anything is decoded or trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.store import plain
from consilience.core.config import Choice
from consilience.core.effort import TASK_OPTIONS
from consilience.core.errors import InputError, nearest
from consilience.core.events import Listener, nobody
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import Recipe
from consilience.data.clusters import cluster_codes, cluster_column
from consilience.data.entity_marks import mark_for_training
from consilience.data.features import learn_facts
from consilience.data.history import add_history, settle_history
from consilience.data.schema import Schema, detect, media_paths
from consilience.data.split import Splits, make_folds, make_splits
from consilience.data.table import Table
from consilience.data.walk_blocks import Walk
from consilience.data.windows import ORIGIN, PAST, block_codes
from consilience.modalities.base import Problem
from consilience.modalities.cells import as_text
from consilience.tasks.detect import detect_task
from consilience.training.rank_models import Ranked, choose_models
from consilience.training.series_plan import LEARNED, Cut, cut_windows, fitted_facts

DETECTED = 2_000
"""Windows that columns are recognised from."""
REPEATS = 10
"""Rows a distinct cell from which on a column of sequences counts as one that repeats."""
Index = np.ndarray[Any, np.dtype[np.int64]]
Known = np.ndarray[Any, np.dtype[np.bool_]]


class Given(NamedTuple):
    """The tables as read; valid and test are None when they are to be cut from `train`."""

    train: Table
    valid: Table | None = None
    test: Table | None = None

    def named(self) -> dict[str, Table]:
        """The tables that are there: "train" first, then "valid" and "test"."""
        return {name: table for name, table in self._asdict().items() if table is not None}


@dataclass(frozen=True)
class Plan:
    """A complete recipe and what was learned from the training rows.

    recipe: resolved, every field filled. facts: {"groups", "task"}. tables: the tables with absolute media paths.
    splits: rows of tables["train"]. folds: (train, valid) rows of tables["train"], empty with a single network.
    """

    recipe: Recipe
    schema: Schema
    task: Any
    task_reason: str
    facts: dict[str, Any]
    tables: dict[str, Table]
    splits: Splits
    folds: list[tuple[Index, Index]]
    warnings: tuple[str, ...]
    repairs: tuple[Problem, ...] = ()
    """What had to be repaired to cut a series of steps into windows."""
    rankings: dict[str, list[Ranked]] = field(default_factory=dict)
    """Group → the pretrained models that `model: auto` chose from, best first."""
    walk: Walk | None = None
    """Earlier test blocks of a series, which are forecast after the run's own."""

    @property
    def target(self) -> str:
        return self.recipe.target

    def values(self, table: str) -> pl.Series:
        """The target column of a table; of several targets struct cells {target: cell}."""
        frame = self.tables[table].frame
        several = self.recipe.targets
        return frame.select(several).to_struct(self.target) if several else frame[self.target]

    def clusters(self, table: str, index: Index) -> np.ndarray[Any, Any] | None:
        """Ids of the rows (patients, speakers, days) that are not independent, or of blocks of windows that overlap:
        they are resampled together."""
        if self.recipe.series is not None:
            return block_codes(self.tables[table].frame[ORIGIN][index], self.recipe.series.horizon)
        codes = cluster_codes(self.tables[table].frame, cluster_column(self.recipe))
        return None if codes is None else codes[index]


def make_plan(recipe: Recipe, given: Given, listener: Listener = nobody) -> Plan:
    """Detect, split, learn facts from training rows and fill the recipe.

    Raises:
        InputError: for a target, column, split or option that cannot be used; the message says how to mend it.
    """
    if recipe.targets:
        shown = ", ".join(map(repr, recipe.targets))
        fix = "Name one; several targets are learned by train and search (and design shows their network)"
        raise InputError(f"this takes one target, received {shown}", where="target", fix=fix)
    listener({"event": "stage", "name": "inspect"})
    if recipe.series is not None:
        return _plan_windows(recipe, cut_windows(recipe, given.named()), listener)
    recipe = settle_history(recipe, given.train)
    given = Given(*(None if t is None else add_history(t, recipe.history)[0] for t in given))  # type: ignore[arg-type]
    given = Given(*(None if t is None else mark_for_training(t, recipe.relation) for t in given))  # type: ignore[arg-type]
    for table in given.named().values():
        check_target(recipe.target, table)
    values = given.train.frame[recipe.target]
    choice, kind, reason = task_choice(recipe, values)
    schema = detect(given.train, recipe.target, ignored(recipe), overrides(recipe))
    check_columns(schema, given.train, recipe)
    labelled = as_text(values).is_not_null().to_numpy()
    strata = as_text(values) if kind in ("binary", "multiclass") else None
    folding = will_fold(recipe, schema, given, labelled, kind)
    if not folding and recipe.split.folds is None:  # else the policy would plan for folds that are never made
        recipe = recipe.model_copy(update={"split": recipe.split.model_copy(update={"folds": 1})})
    splits = make_splits(
        given.train,
        strata,
        labelled,
        recipe.split,
        recipe.seed,
        given.valid is not None or folding,
        given.test is not None or recipe.split.test == 0,
    )
    rows = int(labelled[splits.train].sum())
    shape = Shape(rows, schema.modalities, kind, repeats(given.train.frame, schema.modalities))
    resolved = resolve(recipe.model_copy(update={"task": choice}), shape)
    component, _ = choice.configured("task")
    choice = task_options(choice, component, resolved)
    task_facts = plain(learn_task(choice, values.gather(splits.train)))
    tables = {name: media_paths(table, schema.modalities) for name, table in given.named().items()}
    frame = tables["train"].frame
    listener({"event": "stage", "name": "learn"})
    task = choice.build("task", task_facts)
    encoded = task.encode(values.gather(splits.train))
    resolved, rankings = choose_models(resolved, frame[splits.train], encoded, listener)
    groups = learn_groups(frame[splits.train], resolved)
    if hasattr(task, "place"):
        task_facts |= plain(task.place(groups, levels_of(resolved, groups)))
        task = choice.build("task", task_facts)
    resolved = resolved.model_copy(update={"task": choice.complete("task")})
    folds = folds_of(resolved, given, tables["train"], splits, strata, labelled)
    warnings = unseen_labels(task, given, recipe.target)
    facts = {"groups": plain(groups), "task": task_facts}
    return Plan(resolved, schema, task, reason, facts, tables, splits, folds, warnings, (), rankings)


def _plan_windows(asked: Recipe, cut: Cut, listener: Listener) -> Plan:
    """The plan of a series of steps, cut into windows already; the recipe keeps the split that was asked for."""
    windows, recipe, walk = cut
    table = windows.table
    assert recipe.task is not None, "cut_windows names the task"
    sample = table.spread(DETECTED).select([c for c in table.frame.columns if c != recipe.target])
    schema = detect(sample, None, ignored(recipe), overrides(recipe))
    check_columns(schema, sample, recipe)
    labelled = np.ones(table.rows, np.bool_)
    splits = make_splits(table, None, labelled, recipe.split, recipe.seed, False, asked.split.test == 0)
    splits = splits._replace(sentence="; ".join(windows.notes[:2]), method="time")
    resolved = resolve(recipe, Shape(len(splits.train), schema.modalities, "forecast"))
    component, _ = recipe.task.configured("task")
    choice = task_options(recipe.task, component, resolved)
    series = asked.series
    assert series is not None, "windows were cut"
    task_facts = plain(component.learn_windows(windows.facts, series.past, series.horizon, PAST))
    listener({"event": "stage", "name": "learn"})
    task = choice.build("task", task_facts)
    tables = {"train": media_paths(table, schema.modalities)}
    train = tables["train"].frame[splits.train]
    resolved, rankings = choose_models(resolved, train, task.encode(train[recipe.target]), listener)
    groups = fitted_facts(learn_groups(train, resolved), windows, recipe)
    split = asked.split.model_copy(update={"folds": asked.split.folds or 1})
    resolved = resolved.model_copy(update={"task": choice.complete("task"), "split": split})
    facts = {"groups": plain(groups), "task": task_facts, "windows": plain(windows.facts)}
    reason = f"forecast of {series.horizon} steps, as the recipe's block series says"
    repairs, warnings = tuple(windows.problems), windows.notes[2:]
    return Plan(resolved, schema, task, reason, facts, tables, splits, [], warnings, repairs, rankings, walk)


def learn_groups(frame: pl.DataFrame, recipe: Recipe) -> dict[str, Any]:
    """{group: facts} from the training rows, prepared as each group's encoder needs them."""
    found: dict[str, Any] = {}
    for name, group in recipe.groups.items():
        assert group.encoder is not None, "a resolved recipe names every encoder"
        encoder, config = group.encoder.configured("encoder")
        few = (
            frame.gather_every(max(1, -(-frame.height // LEARNED)))
            if recipe.series and group.modality == "series"
            else frame
        )
        found |= learn_facts(few, {name: group}, encoder.settings(config, recipe.prepare))
        found[name] |= encoder.learn(config, found[name])
    return found


def levels_of(recipe: Recipe, groups: dict[str, Any]) -> dict[str, Any]:
    """Group → the maps of its encoder, for those that make several."""
    found = {}
    for name, group in recipe.groups.items():
        assert group.encoder is not None, "a resolved recipe names every encoder"
        encoder, config = group.encoder.configured("encoder")
        if hasattr(encoder, "levels"):
            found[name] = encoder.levels(config, groups[name])
    return found


def repeats(frame: pl.DataFrame, modalities: Mapping[str, str]) -> bool:
    """True where there are sequences, and every column of them repeats its cells at least REPEATS times on average."""
    columns = [column for column, modality in modalities.items() if modality == "sequence"]
    return bool(columns) and all(frame[column].n_unique() * REPEATS <= frame.height for column in columns)


def check_target(target: str, table: Table) -> None:
    """
    Raises:
        InputError: when the table lacks the column.
    """
    if target not in table.frame.columns:
        raise InputError(f"no column is named {target!r}", where=table.name, fix=nearest(target, table.frame.columns))


def task_choice(recipe: Recipe, values: pl.Series) -> tuple[Choice, str, str]:
    """The task, its kind and the sentence that says why."""
    if recipe.task is None:
        name, kind, reason = detect_task(values)
        return Choice(type=name), kind, reason
    recipe.task.configured("task")  # a typo in its options is said before the cells are looked at
    _, kind, _ = detect_task(values, recipe.task.type)
    return recipe.task, kind, f"{kind}, as the recipe says"


def learn_task(choice: Choice, values: pl.Series) -> dict[str, Any]:
    """What the task learns from the training rows' targets, and what depends on its configuration."""
    component, config = choice.configured("task")
    facts: dict[str, Any] = component.learn(values)
    return {**facts, **component.settle(values, config)} if hasattr(component, "settle") else facts


def task_options(choice: Choice, component: Any, recipe: Recipe) -> Choice:
    """Options by effort, and loss options of `train` that the task has, where the user set none on the task itself."""
    usual = TASK_OPTIONS.get(choice.type, {}).get(recipe.effort, {})
    shared = ("label_smoothing", "class_weights")
    options = {n: getattr(recipe.train, n) for n in shared if n in component.Config.model_fields}
    return Choice(**{"type": choice.type, **usual, **options, **choice.options})


def ignored(recipe: Recipe) -> tuple[str, ...]:
    """Columns that say how to split are no evidence, nor are those that say which entities are marked in a text."""
    entities = (recipe.relation.head, recipe.relation.tail) if recipe.relation else ()
    said = (recipe.split.column, recipe.split.group, *entities)
    return tuple(dict.fromkeys([*recipe.ignore, *(c for c in said if c)]))


def overrides(recipe: Recipe) -> Mapping[str, str]:
    """Column → modality, where the recipe sets it."""
    return {c: m for c, m in recipe.columns.items() if c != recipe.target}


def check_columns(schema: Schema, table: Table, recipe: Recipe) -> None:
    """
    Raises:
        InputError: when a column is empty, or none can be used as evidence.
    """
    left_out = {*ignored(recipe), *(c for c, modality in recipe.columns.items() if modality == "ignore")}
    empty = [c.name for c in schema.columns if c.missing == c.rows and c.name not in left_out]
    if empty:
        raise InputError(
            f"no row has a value in {'column' if len(empty) == 1 else 'columns'} {', '.join(map(repr, empty[:8]))}",
            where=table.name,
            fix=f"Fill it, or leave it out with --ignore {','.join(empty[:8])}",
        )
    if not schema.modalities:
        reasons = "; ".join(f"{c.name!r}: {c.reason}" for c in schema.columns[:5])
        names = [c.name for c in schema.columns if c.name != recipe.target]
        last = names[-1] if names else recipe.target
        raise InputError(
            f"no column can be used as evidence ({reasons})",
            where=table.name,
            fix=f"Use one all the same with --set columns.{last}=number (or category, text …); rows that are steps of "
            f"a series are forecast with --set series.time={last} --set series.horizon=12",
        )


def will_fold(recipe: Recipe, schema: Schema, given: Given, labelled: Known, kind: str) -> bool:
    """True where cross-validation replaces a validation split (few rows, or the recipe asks for folds)."""
    if given.valid is not None or (recipe.split.column is not None and recipe.split.folds is None):
        return False
    share = 1.0 if given.test is not None else 1 - recipe.split.test
    shape = Shape(int(labelled.sum() * share), schema.modalities, kind)
    return int(resolve(recipe, shape).split.folds or 1) > 1


def folds_of(
    recipe: Recipe, given: Given, table: Table, splits: Splits, strata: pl.Series | None, labelled: Known
) -> list[tuple[Index, Index]]:
    """(train, valid) rows of each fold, none where a validation split or table stands in.

    Args:
        recipe: resolved. strata: [N] class of each row to stratify by, or None. labelled: bool [N].
    """
    folds = int(recipe.split.folds or 1)
    if folds == 1 or given.valid is not None or len(splits.valid):
        return []
    return make_folds(table, splits.train, strata, labelled, recipe.split, recipe.seed)


def unseen_labels(task: Any, given: Given, target: str) -> tuple[str, ...]:
    """A warning for each table that holds labels which no training row has."""
    found = []
    for name, table in given.named().items():
        unseen = task.unknown(table.frame[target]) if hasattr(task, "unknown") else []
        if unseen:
            shown = ", ".join(repr(u) for u in unseen[:5])
            found.append(f"{name}: target values without training rows count as unlabelled: {shown}")
    return tuple(found)
