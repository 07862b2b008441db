"""The tables of a plan as prepared features and encoded targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.network import Index
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.data.align import align
from consilience.data.features import Features, prepare
from consilience.modalities.base import Problem
from consilience.modalities.cells import as_text
from consilience.tasks.base import Targets
from consilience.training.batches import Part, Taught
from consilience.training.plan import Plan


@dataclass(frozen=True)
class Source:
    """One table: its features, its raw text columns, its encoded targets, and what a teacher says of all its rows."""

    features: Features
    texts: pl.DataFrame
    targets: Targets
    taught: Taught | None = None

    def part(self, index: Index) -> Part:
        taught = None if self.taught is None else self.taught.pick(index)
        return Part(self.features, index, self.targets.target[index], self.targets.weight[index], taught)

    def every(self) -> Index:
        return np.arange(self.features.rows, dtype=np.int64)


@dataclass(frozen=True)
class Data:
    """All tables of a plan: "train" always, "valid" and "test" when they were given."""

    sources: dict[str, Source]
    problems: list[tuple[str, Problem]]
    """(table, repair) pairs."""

    def rows(self, plan: Plan, role: str) -> tuple[Source, Index]:
        """Source and rows of a role (train, valid, test), wherever the plan keeps them; labelled rows only for
        valid and test."""
        if role in self.sources and role != "train":
            source, index = self.sources[role], self.sources[role].every()
        else:
            source, index = self.sources["train"], getattr(plan.splits, role)
        return source, index[source.targets.weight[index] > 0] if role != "train" else index

    def table_of(self, role: str) -> str:
        return role if role in self.sources else "train"


def prepare_data(plan: Plan, listener: Listener = nobody) -> Data:
    """Decode and tokenise every table once, through the cache."""
    listener({"event": "stage", "name": "prepare"})
    columns = [c for c, modality in plan.recipe.columns.items() if modality != "ignore"]
    texts = [c for g in plan.recipe.groups.values() if g.modality == "text" for c in g.columns]
    sources: dict[str, Source] = {}
    problems: list[tuple[str, Problem]] = [("train", repair) for repair in plan.repairs]
    for name, table in plan.tables.items():
        aligned, absent = align(table, columns)
        features = prepare(aligned, plan.facts["groups"], plan.recipe.prepare, listener=listener)
        gone = {p.column for p in absent}
        problems += [(name, p) for p in [*absent, *(p for p in features.problems if p.column not in gone)]]
        frame = pl.DataFrame([as_text(aligned.frame[c]) for c in texts])
        if plan.recipe.prepare.unreadable == "error":
            _check_media(table.name, features.problems)
        sources[name] = Source(features, frame, plan.task.encode(plan.values(name)))
    return Data(sources, problems)


def _check_media(table: str, problems: list[Problem]) -> None:
    """
    Raises:
        InputError: when a media cell cannot be read.
    """
    for problem in problems:
        if problem.code == "unreadable_media":
            rows = f"row {problem.rows[0]}" + (f" and {problem.count - 1} more" if problem.count > 1 else "")
            example = problem.examples[0] if problem.examples else problem.message
            raise InputError(
                f"{rows}: {example}",
                where=f"{table}, column {problem.column!r}",
                fix="Mend or remove it, or give --set prepare.unreadable=missing to treat it as missing",
            )


def problem_dict(table: str, problem: Problem) -> dict[str, Any]:
    return {
        "table": table,
        "code": problem.code,
        "column": problem.column,
        "message": problem.message,
        "count": problem.count,
        "rows": problem.rows,
        "examples": problem.examples,
    }
