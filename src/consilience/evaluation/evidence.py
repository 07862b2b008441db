"""What every analysis may look at: a trained model, held-out rows, and what the model says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle, Opinion
from consilience.artifacts.network import Index
from consilience.core.disciplines import disciplines_of
from consilience.core.events import Listener, nobody
from consilience.data.features import Features
from consilience.evaluation.comparison import Judged

Array = np.ndarray[Any, Any]

FEW = 5_000


@dataclass(frozen=True)
class Rows:
    """Some rows of a table: what the model reads and what a person reads of them.

    features: prepared features of the whole table. texts: its raw text columns, all rows. index: int64 [N], the rows
    meant. frame: [N] rows, the table's cells as given (media columns may be absent), with target and unused columns.
    """

    features: Features
    texts: pl.DataFrame
    index: Index
    frame: pl.DataFrame

    def __len__(self) -> int:
        return len(self.index)

    def at(self, positions: Index) -> Rows:
        """The rows at these positions (0..N-1) only."""
        return Rows(self.features, self.texts, self.index[positions], self.frame[positions])


@dataclass(frozen=True)
class Chosen:
    """What the model said of the validation rows (with folds: out of fold), which chose weights and calibration.

    final, raw: [V, K] default prediction, calibrated and before. target: [V, K]. weight: [V]. has: [V, M] bool.
    rows: the rows themselves, V of them. table: the table that they stand in, "train" or "valid".
    """

    final: Array
    raw: Array
    target: Array
    weight: Array
    has: Array
    rows: Rows | None = None
    table: str = "train"


@dataclass
class Evidence:
    """Held-out rows with everything known of them.

    bundle: the model. test: the rows, N of them. judged: kind, target [N, K], weight [N], clusters, seed. opinion: what
    the model says of them. chosen: the same of the validation rows (None for another table than the run's own).
    train: training rows, for neighbours and ranges (None where unknown). findings: of the checks on the data.
    """

    bundle: Bundle
    test: Rows
    judged: Judged
    opinion: Opinion
    chosen: Chosen | None = None
    train: Rows | None = None
    listener: Listener = nobody
    _masked: dict[frozenset[str], Opinion] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """ "binary", "multiclass", "multilabel" or "regression"."""
        return self.judged.kind

    @property
    def primary(self) -> str:
        """Metric that heads the report."""
        return str(self.bundle.meta.get("primary") or self.bundle.task.primary)

    @property
    def classes(self) -> list[str]:
        """Names of the K classes or labels; empty for regression."""
        return [str(c) for c in self.bundle.facts["task"].get("classes") or ()]

    @property
    def disciplines(self) -> dict[str, tuple[str, ...]]:
        """Discipline → groups."""
        return disciplines_of(self.bundle.recipe)

    @cached_property
    def few(self) -> Evidence:
        """At most FEW of the test rows, drawn by seed: what is asked with many combinations of sources hidden."""
        rows = len(self.test)
        if rows <= FEW:
            return self
        return self.at(np.sort(np.random.default_rng(self.judged.seed).choice(rows, FEW, replace=False)))

    def without(self, groups: Iterable[str]) -> Opinion:
        """What the model says of the test rows when these groups are treated as missing; computed once."""
        hidden = frozenset(groups)
        if not hidden:
            return self.opinion
        self.prepare_masks([hidden])
        return self._masked[hidden]

    def prepare_masks(self, masks: Iterable[frozenset[str]]) -> None:
        """Compute `without` of many masks at once: rows are encoded once for all of them."""
        wanted = [hidden for hidden in dict.fromkeys(masks) if hidden and hidden not in self._masked]
        if wanted:
            said = self.bundle.judge_masks(self.test.features, self.test.texts, self.test.index, wanted)
            self._masked.update(zip(wanted, said, strict=True))

    def at(self, positions: Index) -> Evidence:
        """The same of some of the test rows (positions 0..N-1)."""
        judged = self.judged._replace(
            target=self.judged.target[positions],
            weight=self.judged.weight[positions],
            clusters=None if self.judged.clusters is None else self.judged.clusters[positions],
        )
        return Evidence(
            self.bundle,
            self.test.at(positions),
            judged,
            self.opinion.at(positions),
            self.chosen,
            self.train,
            self.listener,
            {hidden: opinion.at(positions) for hidden, opinion in self._masked.items()},
        )
