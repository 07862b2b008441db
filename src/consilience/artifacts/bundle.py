"""The one thing that evaluation, prediction and export are given: choices, facts, networks, references, weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.network import NONE, Exported, Index, Said
from consilience.artifacts.row_batches import slices
from consilience.artifacts.rules import Rules
from consilience.core.recipe import Recipe
from consilience.data.align import align
from consilience.data.entity_marks import mark_table
from consilience.data.features import Features, in_memory
from consilience.data.history import add_history
from consilience.data.schema import media_paths
from consilience.data.table import Table
from consilience.modalities.base import Arrays, Problem, merge_problems
from consilience.references.base import Reference, Rows
from consilience.references.features import at

if TYPE_CHECKING:
    from consilience.fusion.model import Multimodal

Array = np.ndarray[Any, Any]
NO_TEXTS = pl.DataFrame()
CHUNK = 4096
"""Rows prepared at once when a table is predicted: bounds memory, whatever the table's length."""


class Opinion(NamedTuple):
    """What a bundle says of N rows; all arrays in the form of `Task.predictions`.

    final: the default prediction. sources: "network" and each reference → its own prediction. alone: group → the
    network's stand-alone prediction from that group (of texts only where there is one group). has: [N, M] bool, the
    groups that each row has. raw: the default prediction before calibration. members: what each network says, whose
    mean is the source "network". pooled: see `artifacts.network.Said`.
    """

    final: Array
    sources: dict[str, Array]
    alone: dict[str, Array]
    has: Array
    raw: Array
    members: tuple[Array, ...]
    pooled: Mapping[str, Array] = NONE

    def at(self, positions: Index) -> Opinion:
        """The same of some of the rows (positions 0..N-1)."""
        return Opinion(
            self.final[positions],
            {name: p[positions] for name, p in self.sources.items()},
            {group: p[positions] for group, p in self.alone.items()},
            self.has[positions],
            self.raw[positions],
            tuple(p[positions] for p in self.members),
            {group: p[positions] for group, p in self.pooled.items()},
        )


@dataclass
class Bundle:
    """A trained model in memory. `artifacts.store` writes and reads it.

    networks: PyTorch modules; none in service, where `exported` speaks for all of them.
    rules: how the sources become the default prediction, by the groups that a row has.
    meta: plain facts about the run (primary metric, metrics, versions) that travel along.
    views: of several targets, target → the ordinary bundle that predicts it, on the same networks; see
        `artifacts.several`. Empty for one target.
    """

    recipe: Recipe
    facts: dict[str, Any]
    networks: list[Multimodal]
    references: dict[str, Reference]
    rules: Rules
    meta: dict[str, Any] = field(default_factory=dict)
    exported: Exported | None = None
    views: dict[str, Bundle] = field(default_factory=dict)

    @cached_property
    def task(self) -> Any:
        assert self.recipe.task is not None, "a bundle holds a resolved recipe"
        return self.recipe.task.build("task", self.facts["task"])

    @property
    def columns(self) -> list[str]:
        """Input columns, in the order of the recipe."""
        return [c for c, modality in self.recipe.columns.items() if modality != "ignore"]

    @property
    def modalities(self) -> dict[str, str]:
        """Input column → modality, in the order of the recipe."""
        return {c: self.recipe.columns[c] for c in self.columns}

    @property
    def groups(self) -> list[str]:
        return list(self.recipe.groups)

    @property
    def text_columns(self) -> list[str]:
        return [c for g in self.recipe.groups.values() if g.modality == "text" for c in g.columns]

    def adapt(self, table: Table) -> tuple[Table, list[Problem]]:
        """The table with the model's columns only, past rows told, entities marked and absolute media paths; absent
        columns and entities are Problems. Where some rows of a table are taken, `add_history` comes before."""
        told, unknown = add_history(table, self.recipe.history)
        marked, lost = mark_table(told, self.recipe.relation)
        aligned, problems = align(marked, self.columns)
        return media_paths(aligned, self.recipe.columns), [*problems, *lost, *unknown]

    @property
    def weights(self) -> dict[str, float]:
        """Source → weight in the default prediction of complete rows ({"network": 1.0} without a stack)."""
        return dict(self.rules.complete.weights)

    def judge(
        self,
        features: Features,
        texts: pl.DataFrame,
        index: Index,
        hidden: Iterable[str] = (),
        alone: bool = True,
    ) -> Opinion:
        """Predictions for the rows `index` of prepared features; `texts` holds the raw text columns of all rows.

        Args:
            hidden: groups that are treated as missing in every row, for network and references alike.
            alone: False where nobody asks what each group says alone: `Opinion.alone` is empty then.
        """
        return self.judge_masks(features, texts, index, [frozenset(hidden)], alone=alone)[0]

    def judge_masks(
        self,
        features: Features,
        texts: pl.DataFrame,
        index: Index,
        masks: Sequence[frozenset[str]],
        said: list[list[Said]] | None = None,
        alone: bool = True,
    ) -> list[Opinion]:
        """`judge` for each set of hidden groups; networks encode every row once.

        Where raw outputs are large (maps of an image) they are made and read a few rows at a time.

        Args:
            said: what each network says under each mask, where that is known: [networks][masks]. alone: see `judge`.
        """
        at_once = getattr(self.task, "at_once", None)
        if said is None and at_once and len(index) > at_once:
            blocks = slices(len(index), at_once)
            parts = [self.judge_masks(features, texts, index[rows], masks, alone=alone) for rows in blocks]
            return [joined_opinions(of_mask) for of_mask in zip(*parts, strict=True)]
        said = hear_networks(self, features, index, masks) if said is None else said
        told = self._references(features, texts, index, masks)
        if hasattr(self.task, "sized"):  # what is said in shares of an image is told in its own pixels
            arrays = features.gather(index)
            said = [[s._replace(logits=self.task.sized(s.logits, arrays)) for s in of_network] for of_network in said]
        return [
            self._opinion([of_network[i] for of_network in said], told[i], hidden, alone)
            for i, hidden in enumerate(masks)
        ]

    def _references(
        self, features: Features, texts: pl.DataFrame, index: Index, masks: Sequence[frozenset[str]]
    ) -> list[dict[str, Array]]:
        """What each reference says under each mask; rows are read once a chunk."""
        parts: list[dict[str, list[Array]]] = [{name: [] for name in self.references} for _ in masks]
        for start in range(0, max(len(index), 1), CHUNK) if self.references else ():
            rows = self.rows(features, texts, index[start : start + CHUNK], set())._replace(memo={})
            for hidden, told in zip(masks, parts, strict=True):
                shown = _hide(rows, self.recipe, hidden)
                for name, reference in self.references.items():
                    told[name].append(reference.predict(shown))
        return [{name: np.concatenate(found) for name, found in told.items()} for told in parts]

    def _opinion(self, said: list[Said], told: dict[str, Array], hidden: frozenset[str], alone: bool) -> Opinion:
        members = tuple(np.asarray(self.task.predictions(s.logits)) for s in said)
        sources = {"network": _mean(members), **told}
        single = _alone(self, said, sources["network"]) if alone else {}
        raw, final = self.rules.apply(sources, said[0].has, hidden)
        return Opinion(final, sources, single, said[0].has, raw, members, said[0].pooled)

    def rows(self, features: Features, texts: pl.DataFrame, index: Index, hidden: Iterable[str]) -> Rows:
        """The rows as references read them."""
        groups = self.recipe.groups
        read = [g for g in features.groups if g in groups and groups[g].modality != "text"]
        arrays = {g: a for g, a in features.gather(index).items() if g in read}
        return _hide(Rows(arrays, {c: at(texts[c], index) for c in self.text_columns}), self.recipe, frozenset(hidden))

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
        for features, texts, problems in prepared(self, table, chunk):
            yield self.judge(features, texts, np.arange(features.rows, dtype=np.int64), hidden), problems

    def texts(self, table: Table) -> pl.DataFrame:
        """The raw text columns as String, for the references."""
        from consilience.modalities.cells import as_text

        if not self.text_columns:
            return NO_TEXTS
        return pl.DataFrame([as_text(table.frame[c]) for c in self.text_columns])


def raw_outputs(bundle: Bundle, table: Table, hidden: Iterable[str] = ()) -> list[Said]:
    """What each network says of a small table before the task reads anything from it."""
    adapted, _ = bundle.adapt(table)
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    index = np.arange(features.rows, dtype=np.int64)
    return [of_network[0] for of_network in hear_networks(bundle, features, index, [frozenset(hidden)])]


def joined_opinions(parts: Sequence[Opinion]) -> Opinion:
    """Rows after rows."""
    return Opinion(
        np.concatenate([p.final for p in parts]),
        {name: np.concatenate([p.sources[name] for p in parts]) for name in parts[0].sources},
        {name: np.concatenate([p.alone[name] for p in parts]) for name in parts[0].alone},
        np.concatenate([p.has for p in parts]),
        np.concatenate([p.raw for p in parts]),
        tuple(np.concatenate(each) for each in zip(*(p.members for p in parts), strict=True)),
        {group: np.concatenate([p.pooled[group] for p in parts]) for group in parts[0].pooled},
    )


def prepared(
    bundle: Bundle, table: Table, chunk: int = CHUNK
) -> Iterator[tuple[Features, pl.DataFrame, list[Problem]]]:
    """Features and raw texts of each chunk of rows, with all Problems found so far (row numbers are the
    table's)."""
    adapted, absent = bundle.adapt(table)
    collected: list[tuple[int, list[Problem]]] = []
    for start in range(0, max(adapted.rows, 1), chunk):
        part = adapted.part(start, start + chunk)
        features = in_memory(part, bundle.facts["groups"], bundle.recipe.prepare)
        known = {p.column for p in absent if p.code == "absent_column"}
        collected.append((start, [p for p in features.problems if p.column not in known]))
        yield features, bundle.texts(part), [*absent, *merge_problems(collected)]


def _alone(bundle: Bundle, said: list[Said], network: Array) -> dict[str, Array]:
    """What the networks say from each group alone."""
    if len(bundle.groups) == 1:
        return {bundle.groups[0]: network}
    return {g: _mean([bundle.task.predictions(s.helpers[g]) for s in said]) for g in said[0].helpers}


def _mean(members: Sequence[Array]) -> Array:
    return members[0] if len(members) == 1 else np.asarray(np.mean(members, axis=0))


def hear_networks(
    bundle: Bundle, features: Features, index: Index, masks: Sequence[frozenset[str]]
) -> list[list[Said]]:
    """What each network says under each mask: [networks][masks]."""
    if bundle.exported is not None:
        return bundle.exported.run_masks(features, index, masks)
    from consilience.artifacts.inference import run_masks

    return [run_masks(network, features, index, masks) for network in bundle.networks]


def _hide(rows: Rows, recipe: Recipe, hidden: frozenset[str]) -> Rows:
    """The rows without these groups."""
    if not hidden:
        return rows
    columns = {c for g in hidden for c in recipe.groups[g].columns}
    return Rows(
        {g: _blank(a) if g in hidden else a for g, a in rows.arrays.items()},
        {c: pl.Series(c, [None] * len(s), pl.String) if c in columns else s for c, s in rows.texts.items()},
        rows.memo,
    )


def _blank(arrays: Arrays) -> Arrays:
    return {name: np.zeros_like(a) for name, a in arrays.items()}
