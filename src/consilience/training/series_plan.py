"""What differs in a plan where the table is a series of steps: it is cut into windows first."""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import Group, Recipe, Split
from consilience.data.known_kinds import step_columns
from consilience.data.past_length import settle_past
from consilience.data.table import Table
from consilience.data.walk_blocks import Walk, walk_blocks
from consilience.data.windows import ORIGIN, PART, PAST, Windows, series_columns, training_windows

TASK = "forecast"
STEPS = "category_steps"
"""Encoder of categories known ahead."""
LEARNED = 4_000
"""Windows that the scale of a series is learned from: neighbours hold nearly the same steps."""


class Cut(NamedTuple):
    """The windows, the recipe that plans for them (which columns are series, which part a row belongs to), and earlier
    test blocks where `split.folds` asks for them."""

    windows: Windows
    recipe: Recipe
    walk: Walk | None = None


def cut_windows(recipe: Recipe, tables: dict[str, Table]) -> Cut:
    """
    Raises:
        InputError: for a task other than a forecast, and as `data.windows.training_windows`.
    """
    assert recipe.series is not None, "asked only of recipes with a series block"
    if recipe.task is not None and recipe.task.type != TASK:
        raise InputError(
            f"windows of a series are forecast, received the task {recipe.task.type!r}",
            where="task",
            fix="Leave the task out, or leave the block series out and keep a series in a cell",
        )
    recipe = settle_past(tables, recipe)
    assert recipe.series is not None, "kept"
    windows = training_windows(tables, recipe)
    frame = windows.table.frame
    own = series_columns(frame)
    homes = {column for group in recipe.groups.values() for column in group.columns}
    groups = {c: Group(columns=(c,), modality="series") for c in own if c not in homes}
    kinds = step_columns(windows.facts["kinds"], recipe.series.horizon)
    for name, columns in kinds.items():
        if not homes & {*columns}:
            together = Group(columns=tuple(columns), modality="category", encoder=Choice(type=STEPS))
            groups[f"{name} ahead"] = together
    kept = {c: m for c, m in recipe.columns.items() if c in frame.columns}
    longest = max(recipe.series.past, recipe.series.horizon)
    return Cut(
        windows,
        recipe.model_copy(
            update={
                "task": recipe.task or Choice(type=TASK),
                "columns": {
                    **kept,
                    **dict.fromkeys(own, "series"),
                    **dict.fromkeys(chain(*kinds.values()), "category"),
                },
                "ignore": tuple(c for c in (ORIGIN, PART, recipe.series.id, *recipe.ignore) if c in frame.columns),
                "groups": {**recipe.groups, **groups},
                "split": Split(column=PART, test=recipe.split.test, folds=1),
                "prepare": recipe.prepare.model_copy(update={"max_steps": recipe.prepare.max_steps or longest}),
            }
        ),
        walk_blocks(tables, recipe, windows.facts),
    )


def fitted_facts(groups: dict[str, Any], windows: Windows, recipe: Recipe) -> dict[str, Any]:
    """The groups' facts with every step and channel of the past in its place, also where the last ones are missing in
    nearly every training window: heads and baselines count on it."""
    assert recipe.series is not None, "asked only of recipes with a series block"
    channels = len(windows.facts["values"])
    for facts in groups.values():
        if PAST in facts["columns"]:
            if len(facts["columns"]) > 1:
                raise InputError("the past shares its group with other columns", where="groups", fix="Leave it alone")
            lacking = channels - len(facts["mean"][0])
            facts["mean"][0] += [0.0] * lacking
            facts["std"][0] += [1.0] * lacking
            facts["channels"] = [channels]
            facts["length"] = recipe.series.past
    return groups
