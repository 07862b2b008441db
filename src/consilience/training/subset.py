"""The same training with some of the groups of columns only: what a model is worth that never had the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from consilience.core.config import Choice
from consilience.core.disciplines import disciplines_of
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Recipe
from consilience.training.data import Data
from consilience.training.plan import Plan
from consilience.training.run import Trained, train_model


def narrowed(plan: Plan, disciplines: Iterable[str]) -> Plan:
    """The plan with the groups of these disciplines only; rows, splits, facts and settings stay as they are."""
    every = disciplines_of(plan.recipe)
    kept = [group for name in disciplines for group in every[name]]
    return replace(
        plan,
        recipe=_only(plan.recipe, kept),
        facts={**plan.facts, "groups": {group: plan.facts["groups"][group] for group in kept}},
    )


def _only(recipe: Recipe, kept: list[str]) -> Recipe:
    groups = {name: group for name, group in recipe.groups.items() if name in kept}
    columns = {c for group in groups.values() for c in group.columns}
    fusion = recipe.fusion
    if fusion.type == "auto" and len(groups) == 1:
        fusion = Choice(**{**fusion.model_dump(), "candidates": ["concat"]})
    return recipe.model_copy(
        update={
            "groups": groups,
            "columns": {c: m if c in columns else "ignore" for c, m in recipe.columns.items()},
            "disciplines": {n: cs for n, cs in recipe.disciplines.items() if columns.issuperset(cs)},
            "fusion": fusion,
        }
    )


def train_subset(
    plan: Plan, data: Data, disciplines: tuple[str, ...], folder: Path, listener: Listener = nobody
) -> Trained:
    """Train on the prepared data again with some disciplines only; `folder` holds the checkpoints."""
    name = "-".join(str(list(disciplines_of(plan.recipe)).index(d)) for d in disciplines)
    return train_model(narrowed(plan, disciplines), data, folder / f"only-{name}", listener)
