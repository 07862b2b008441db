"""References that are fitted again on training and validation rows, once the rules are known: on which rows."""

from __future__ import annotations

import numpy as np

from consilience.artifacts.network import Index
from consilience.training.data import Data, Source
from consilience.training.plan import Plan, repeats

REFIT_BELOW = 15_000
"""Rows under which a reference is fitted again: more rows would hardly better it."""
REFIT_REPEATED = 60_000
"""The same where sequences repeat: every row is a pair of cells that may be met nowhere else."""
FEWEST = 40
"""Validation rows that are worth halving."""


def refits(plan: Plan, data: Data) -> bool:
    """Whether the references of a single split are fitted again; baselines of forecasts are not: the network, which
    they are compared with, has not seen the validation steps either."""
    if plan.task.kind == "forecast":
        return False
    repeated = repeats(plan.tables["train"].frame, plan.schema.modalities)
    below = REFIT_REPEATED if repeated else REFIT_BELOW
    return sum(len(data.rows(plan, role)[1]) for role in ("train", "valid")) < below


def make_halves(plan: Plan, table: str, rows: Index) -> list[Index]:
    """The validation rows in two halves, drawn at random and sorted; groups (patients, speakers) stay whole.

    Returns:
        [] where there are too few rows or groups to halve.
    """
    clusters = plan.clusters(table, rows)
    codes = np.arange(len(rows)) if clusters is None else np.unique(clusters, return_inverse=True)[1].reshape(-1)
    count = int(codes.max(initial=-1)) + 1
    if len(rows) < FEWEST or count < 2:
        return []
    first = np.random.default_rng((plan.recipe.seed, 29)).permutation(count)[: count // 2]
    inside = np.isin(codes, first)
    return [np.sort(rows[inside]), np.sort(rows[~inside])]


def together_rows(a: tuple[Source, Index], b: tuple[Source, Index]) -> list[tuple[Source, Index]]:
    """Rows of one or two tables; of one table as a single sorted index."""
    return [(a[0], np.sort(np.concatenate([a[1], b[1]])))] if a[0] is b[0] else [a, b]
