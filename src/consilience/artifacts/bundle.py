"""The one thing that evaluation, prediction and export are given: choices, facts, networks, references, weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.inference import Index, Said, run_network
from consilience.artifacts.stack import combine
from consilience.core.recipe import Recipe
from consilience.data.align import align
from consilience.data.features import Features, in_memory
from consilience.data.schema import media_paths
from consilience.data.table import Table
from consilience.fusion.model import Multimodal
from consilience.modalities.base import Arrays, Problem, merge_problems
from consilience.references.base import Reference, Rows

Array = np.ndarray[Any, Any]
CHUNK = 4096
"""Rows prepared at once when a table is predicted: bounds memory, whatever the table's length."""


class Opinion(NamedTuple):
    """What a bundle says of N rows; all arrays in the form of `Task.predictions`.

    final: the default prediction. sources: "network" and each reference → its own prediction. alone: group → the
    network's stand-alone prediction from that group. has: [N, M] bool, the groups that each row has. raw: the default
    prediction before calibration. members: what each network says, whose mean is the source "network".
    """

    final: Array
    sources: dict[str, Array]
    alone: dict[str, Array]
    has: Array
    raw: Array
    members: tuple[Array, ...]


@dataclass
class Bundle:
    """A trained model in memory. `artifacts.store` writes and reads it.

    weights: source → weight in the default prediction ({"network": 1.0} without a stack).
    meta: plain facts about the run (primary metric, metrics, versions) that travel along.
    """

    recipe: Recipe
    facts: dict[str, Any]
    networks: list[Multimodal]
    references: dict[str, Reference]
    weights: dict[str, float]
    meta: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def task(self) -> Any:
        assert self.recipe.task is not None, "a bundle holds a resolved recipe"
        return self.recipe.task.build("task", self.facts["task"])

    @property
    def columns(self) -> list[str]:
        """Input columns, in the order of the recipe."""
        return [c for c, modality in self.recipe.columns.items() if modality != "ignore"]

    @property
    def groups(self) -> list[str]:
        return list(self.recipe.groups)

    @property
    def text_columns(self) -> list[str]:
        return [c for g in self.recipe.groups.values() if g.modality == "text" for c in g.columns]

    def adapt(self, table: Table) -> tuple[Table, list[Problem]]:
        """The table with the model's columns only and absolute media paths; absent columns are Problems."""
        aligned, problems = align(table, self.columns)
        return media_paths(aligned, self.recipe.columns), problems

    def judge(self, features: Features, texts: pl.DataFrame, index: Index, hidden: Iterable[str] = ()) -> Opinion:
        """Predictions for the rows `index` of prepared features; `texts` holds the raw text columns of all rows.

        Groups in `hidden` are treated as missing in every row, for network and references alike.
        """
        hide = set(hidden)
        said = [run_network(network, features, index, hide) for network in self.networks]
        sources = {"network": self._mean(said, lambda s: s.logits)}
        for name, reference in self.references.items():
            parts = [
                reference.predict(self.rows(features, texts, index[start : start + CHUNK], hide))
                for start in range(0, max(len(index), 1), CHUNK)
            ]
            sources[name] = np.concatenate(parts)
        alone = {g: self._mean(said, lambda s, g=g: s.helpers[g]) for g in said[0].helpers}
        if not alone:
            alone = {self.groups[0]: sources["network"]}
        used = {name: sources[name] for name in self.weights}
        raw = combine(used, self.weights)
        return Opinion(raw, sources, alone, said[0].has, raw, tuple(self.task.predictions(s.logits) for s in said))

    def _mean(self, said: list[Said], pick: Any) -> Array:
        return np.asarray(np.mean([self.task.predictions(pick(s)) for s in said], axis=0))

    def rows(self, features: Features, texts: pl.DataFrame, index: Index, hidden: set[str]) -> Rows:
        """The rows as references read them."""
        arrays = {
            g: _blank(a) if g in hidden else a
            for g, a in features.gather(index).items()
            if self.recipe.groups[g].modality != "text"
        }
        hidden_columns = {c for g in hidden for c in self.recipe.groups[g].columns}
        return Rows(
            arrays,
            {
                c: texts[c][index] if c not in hidden_columns else pl.Series(c, [None] * len(index), pl.String)
                for c in self.text_columns
            },
        )

    def predict(self, table: Table, hidden: Iterable[str] = ()) -> tuple[Array, list[Problem]]:
        """Default predictions [N, K] for a whole table, prepared in chunks, and the repairs that were made."""
        parts, problems = [], []
        for opinion, found in self.opinions(table, hidden):
            parts.append(opinion.final)
            problems = found
        return np.concatenate(parts), problems

    def opinions(
        self, table: Table, hidden: Iterable[str] = (), chunk: int = CHUNK
    ) -> Iterator[tuple[Opinion, list[Problem]]]:
        """Opinion of each chunk of rows, with all Problems found so far (row numbers are the table's)."""
        adapted, absent = self.adapt(table)
        collected: list[tuple[int, list[Problem]]] = []
        for start in range(0, max(adapted.rows, 1), chunk):
            part = adapted.take(np.arange(start, min(start + chunk, adapted.rows), dtype=np.int64))
            features = in_memory(part, self.facts["groups"], self.recipe.prepare)
            known = {p.column for p in absent}
            collected.append((start, [p for p in features.problems if p.column not in known]))
            opinion = self.judge(features, self.texts(part), np.arange(features.rows, dtype=np.int64), hidden)
            yield opinion, [*absent, *merge_problems(collected)]

    def texts(self, table: Table) -> pl.DataFrame:
        """The raw text columns as String, for the references."""
        from consilience.modalities.cells import as_text

        return pl.DataFrame([as_text(table.frame[c]) for c in self.text_columns])


def _blank(arrays: Arrays) -> Arrays:
    return {name: np.zeros_like(a) for name, a in arrays.items()}


def sole(name: str) -> Mapping[str, float]:
    """Stack weights that use one source only."""
    return {name: 1.0}
