"""The rules of the default prediction, found on validation rows: with folds, on each fold's held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.artifacts.conformal import GROUP_ROWS, fit_conformal
from consilience.artifacts.network import Index
from consilience.artifacts.rules import Pattern, Rule, Rules, fit_rule, subsets
from consilience.core.disciplines import disciplines_of
from consilience.core.recipe import Recipe
from consilience.tasks.answers import answers_of
from consilience.training.data import Source
from consilience.training.plan import Plan

Array = np.ndarray[Any, Any]

MASKED_ROWS = 2_000
"""Most validation rows (of all folds together) that are predicted again with groups hidden."""


class Heard(NamedTuple):
    """What the sources said of validation rows: source → [V, K]; target [V, K]; weight [V]; has [V, M] bool."""

    sources: dict[str, Array]
    target: Array
    weight: Array
    has: Array


def masks_of(recipe: Recipe, mixed: bool = True) -> list[frozenset[str]]:
    """Sets of groups to hide, none first: the complements of the subsets of disciplines. Answers that are not `mixed`
    (`tasks.answers`) have one rule only."""
    if not mixed:
        return [frozenset()]
    disciplines = disciplines_of(recipe)
    every = frozenset(recipe.groups)
    kept = [frozenset(g for name in subset for g in disciplines[name]) for subset in subsets(list(disciplines))]
    return [every - groups for groups in reversed(kept)]


def hear(
    judge: Bundle, rows: tuple[Source, Index], masks: Sequence[frozenset[str]], most: int = MASKED_ROWS
) -> list[Heard]:
    """Predictions on validation rows for each mask; masks that hide something on at most `most` rows."""
    source, index = rows
    if len(index) <= most or len(masks) == 1:  # all at once: rows are encoded once
        return [_heard(said, source, index) for said in judge.judge_masks(source.features, source.texts, index, masks)]
    few = np.sort(np.random.default_rng((judge.recipe.seed, 23)).choice(index, most, replace=False))
    masked = judge.judge_masks(source.features, source.texts, few, masks[1:])
    whole = _heard(judge.judge(source.features, source.texts, index), source, index)
    return [whole, *(_heard(opinion, source, few) for opinion in masked)]


def _heard(opinion: Opinion, source: Source, index: Index) -> Heard:
    return Heard(opinion.sources, source.targets.target[index], source.targets.weight[index], opinion.has)


def together(parts: Sequence[Heard]) -> Heard:
    """The validation rows of all folds."""
    return Heard(
        {name: np.concatenate([part.sources[name] for part in parts]) for name in parts[0].sources},
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.has for part in parts]),
    )


def find_rules(plan: Plan, masks: Sequence[frozenset[str]], heard: Sequence[Heard]) -> Rules:
    """A rule for each mask."""
    every = frozenset(plan.recipe.groups)
    rules = {
        every - hidden: fit_rule(
            plan.task.kind,
            said.sources,
            said.target,
            said.weight,
            stack=plan.recipe.stack,
            seed=plan.recipe.seed,
        )
        for hidden, said in zip(masks, heard, strict=True)
    }
    return Rules(list(plan.recipe.groups), _natural(plan, rules, heard[0]))


def _natural(plan: Plan, rules: dict[Pattern, Rule], said: Heard) -> dict[Pattern, Rule]:
    """The rules with conformal thresholds from rows that came with the pattern, where there are enough: rows that lack
    a source may differ from rows whose source is hidden (group-conditional, or Mondrian, conformal prediction)."""
    groups = list(plan.recipe.groups)
    found = dict(rules)
    if answers_of(plan.task).no_bounds:
        return found
    for pattern, rule in rules.items():
        rows = (said.has == np.array([g in pattern for g in groups])).all(1) & (said.weight > 0)
        if GROUP_ROWS <= rows.sum() < (said.weight > 0).sum():
            final = rule.final(rule.raw({name: source[rows] for name, source in said.sources.items()}))
            own = fit_conformal(plan.task.kind, final, said.target[rows], said.weight[rows], plan.recipe.seed)
            found[pattern] = replace(rule, conformal={**own, "natural": True})
    return found
