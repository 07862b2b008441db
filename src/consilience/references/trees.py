"""The tree reference: LightGBM (Ke et al. 2017) on numbers, categories, dates and condensed texts, sequences,
images, sounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.modalities.cells import FEW, WHITE, present
from consilience.references.base import Rows, State
from consilience.references.boosting import MEDIA_WORK, WORK, Plan, Table, boost, settle
from consilience.references.features import (
    choose_rows,
    count_rows,
    read_matrix,
    read_ngrams,
    read_texts,
    text_columns,
    unread_groups,
)
from consilience.references.one_thread import one_thread
from consilience.references.reading import has_costly
from consilience.references.sequences import SequenceColumns
from consilience.references.texts import (
    Vocabulary,
    class_contrast,
    inverse_frequency,
    learn_vocabulary,
    principal_directions,
    scaled,
)

Array = np.ndarray[Any, Any]

OBJECTIVES = {
    "binary": "binary",
    "multiclass": "multiclass",
    "multilabel": "binary",
    "regression": "regression",
}
LARGEST_CODED = 1_000
"""Vocabulary up to which a category is split by sets of values; larger ones are split by frequency rank."""
FLAGS = 32
"""Most values of a set-valued category that become columns of their own, the first of the vocabulary."""
SVD_ROWS = 30_000
PREDICT_ROWS = 16_384


class TextView(NamedTuple):
    """How one text column becomes columns: n-grams kept, their scale, and the principal directions [V, R]."""

    vocabulary: Vocabulary
    scale: Array
    directions: Array


BLANKS = re.compile(f"[{WHITE}]+")


@final
class Trees:
    """Gradient-boosted trees; the number of trees is picked on held-out training rows."""

    name: ClassVar[str] = "trees"

    class Config(Block):
        learning_rate: float = Field(0.08, gt=0, le=1)
        trees: int = Field(400, ge=1)
        """Most boosting rounds; fewer where held-out rows stop improving or the work bound is reached."""
        leaves: int = Field(31, ge=2, le=4096)
        """Most leaves of a tree; fewer on small tables."""
        rounds: tuple[int, ...] = ()
        """Rounds of each booster, where an earlier fit has found them; searched for when empty."""
        fine: tuple[bool, ...] = ()
        """With rounds: the boosters whose trees are fine (many leaves of few rows)."""
        text_directions: int = Field(64, ge=1, le=256)
        """Columns made of each text or sequence column by latent semantic analysis."""

    def __init__(self, config: Config, facts: Mapping[str, Any], kind: str) -> None:
        self.config, self.groups, self.kind = config, facts["groups"], kind
        self.note = ""
        self.rounds: list[int] = []
        self.fine: list[bool] = []
        self._texts: dict[str, TextView] = {}
        self._sequences = SequenceColumns(self.groups)
        self._boosters: list[Any] = []
        self._models: list[str] = []
        self._prior = np.zeros(1)
        self._threads = 1

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """See `Reference.fit`; soft shares count as their largest class, `note` says what was left out."""
        self._threads = threads
        index, self.note = choose_rows(rows, self.groups, weight, seed)
        if unread := unread_groups(self.groups):
            self.note = "; ".join(filter(None, [self.note, f"does not read {', '.join(unread)}"]))
        target, weight = target[index].astype(np.float64), weight[index].astype(np.float64)
        self._prior = np.average(target, axis=0, weights=weight)
        with one_thread():
            self._learn_texts(rows, index, self._shares(target), seed)
            self._sequences.learn(rows, index, self.config.text_directions, seed)
            features = self._features(rows, index)
        known, self._models, self.rounds, self.fine = self.config.rounds, [], [], []
        for place, label in enumerate(self._labels(target)):
            table = Table(features, label.astype(np.float64), weight, self._coded())
            plan = self._plan(seed)
            if known:
                plan, rounds = (
                    plan._replace(fine=place < len(self.config.fine) and self.config.fine[place]),
                    known[place],
                )
            else:
                plan, rounds = settle(table, plan)
            self._models.append(boost(table, plan, rounds)[0])
            self.rounds.append(rounds)
            self.fine.append(plan.fine)
        self._load()

    def settled(self) -> dict[str, Any]:
        """Config options that spare a second fit, on more rows, the search."""
        return {"rounds": self.rounds, "fine": self.fine}

    def predict(self, rows: Rows) -> Array:
        found = []
        for start in range(0, count_rows(rows), PREDICT_ROWS):
            index = np.arange(start, min(start + PREDICT_ROWS, count_rows(rows)))
            found.append(self._predict(self._features(rows, index)))
        empty = np.zeros((0, len(self._prior)), dtype=np.float32)
        return np.concatenate(found) if found else empty

    def state(self) -> State:
        arrays = {"prior": self._prior, **self._sequences.state()}
        for i, view in enumerate(self._texts.values()):
            arrays |= {
                f"kept{i}": view.vocabulary.kept,
                f"scale{i}": view.scale,
                f"directions{i}": view.directions,
            }
        return State({"models": self._models, "rounds": self.rounds, "fine": self.fine, "note": self.note}, arrays)

    def restore(self, state: State) -> None:
        self._models, self.rounds = list(state.values["models"]), list(state.values["rounds"])
        self.fine = list(state.values.get("fine", []))
        self.note = str(state.values["note"])
        self._prior = state.arrays["prior"]
        self._sequences.restore(state.arrays)
        self._texts = {
            column: TextView(
                Vocabulary(state.arrays[f"kept{i}"], "words"),
                state.arrays[f"scale{i}"],
                state.arrays[f"directions{i}"],
            )
            for i, column in enumerate(text_columns(self.groups))
        }
        self._load()

    def _load(self) -> None:
        """Boosters are always read from their text, so that a restored one gives the same bits."""
        import lightgbm

        self._boosters = [lightgbm.Booster(model_str=text) if text else None for text in self._models]

    def _labels(self, target: Array) -> Iterator[Array]:
        """What each booster learns: one in all, or one a label."""
        if self.kind == "multilabel":
            yield from (target[:, k] >= 0.5 for k in range(target.shape[1]))
        elif self.kind == "regression":
            yield target[:, 0]
        else:
            yield target.argmax(1)

    def _shares(self, target: Array) -> Array:
        """Class shares [N, K] that scale n-grams; values become below and above the median."""
        if self.kind != "regression":
            return target
        above = target > np.median(target)
        return np.hstack([above, ~above]).astype(np.float64)

    def _learn_texts(self, rows: Rows, index: Array, shares: Array, seed: int) -> None:
        self._texts = {}
        for column in text_columns(self.groups):
            vocabulary, counts = learn_vocabulary(read_texts(rows, column, index), "words", 100_000, 3)
            scale = inverse_frequency(counts) * class_contrast(counts, shares)
            some = np.random.default_rng(seed).permutation(len(index))[:SVD_ROWS]
            sample = scaled(counts[np.sort(some)], scale).matrix()
            directions = principal_directions(sample, self.config.text_directions, seed)
            self._texts[column] = TextView(vocabulary, scale, directions)

    def _features(self, rows: Rows, index: Array) -> Array:
        """float32 [N, D], NaN where missing; the columns that `_coded` names hold category numbers."""
        matrix = read_matrix(rows, self.groups, index)
        parts = [matrix.values]
        for group, codes in matrix.codes.items():
            parts += list(_category_columns(codes, self.groups[group]))
        for column, view in self._texts.items():
            texts = read_texts(rows, column, index)
            counts = view.vocabulary.select(read_ngrams(rows, column, "words", index))
            parts += [_sizes(texts), scaled(counts, view.scale).matrix() @ view.directions]
            parts[-1][~present(texts)] = np.nan
        parts += self._sequences.dense(rows, index)
        return np.ascontiguousarray(np.hstack([p.astype(np.float32, copy=False) for p in parts]))

    def _coded(self) -> list[int]:
        """Columns of the features that hold category numbers."""
        found, column = [], 0
        empty = Rows({}, {})
        column = read_matrix(empty, self.groups, np.arange(0)).values.shape[1]
        for facts in self.groups.values():
            if facts["modality"] != "category":
                continue
            for vocabulary in facts["vocabulary"]:
                found += [column] if 0 < len(vocabulary) <= LARGEST_CODED else []
                column += 1
            column += sum(min(len(v), FLAGS) for v in facts["vocabulary"]) if _is_sets(facts) else 0
        return found

    def _plan(self, seed: int) -> Plan:
        return Plan(
            objective=OBJECTIVES[self.kind],
            classes=len(self._prior) if self.kind == "multiclass" else 1,
            boosters=len(self._prior) if self.kind == "multilabel" else 1,
            rate=self.config.learning_rate,
            rounds=self.config.trees,
            leaves=self.config.leaves,
            work=MEDIA_WORK if has_costly(self.groups) else WORK,
            seed=seed,
            threads=self._threads,
        )

    def _predict(self, features: Array) -> Array:
        columns = []
        for place, booster in enumerate(self._boosters):
            if booster is None:
                prior = self._prior[place : place + 1] if self.kind == "multilabel" else self._prior
                columns.append(np.tile(prior, (len(features), 1)))
                continue
            found = booster.predict(features, num_threads=self._threads)
            found = found.reshape(len(features), -1)
            columns.append(np.hstack([1 - found, found]) if self.kind == "binary" else found)
        return np.hstack(columns).astype(np.float32)


def _is_sets(facts: Mapping[str, Any]) -> bool:
    return int(facts.get("values", 1)) > 1


def _category_columns(codes: Array, facts: Mapping[str, Any]) -> Iterator[Array]:
    """The first value's number of every column (NaN where none), and flags of the first values of sets."""
    first = codes[:, :, 0].astype(np.float32)
    first[first == 0] = np.nan
    yield first
    if _is_sets(facts):
        for c, vocabulary in enumerate(facts["vocabulary"]):
            wanted = np.arange(1, min(len(vocabulary), FLAGS) + 1)
            yield (codes[:, c, :, None] == wanted).any(1).astype(np.float32)


def _sizes(texts: pl.Series) -> Array:
    """Characters and blank-separated words of each text, NaN where missing: float32 [N, 2]."""
    if len(texts) <= FEW:
        rows = [(np.nan, np.nan) if t is None else (len(t), sum(map(bool, BLANKS.split(t)))) for t in texts.to_list()]
        return np.array(rows, np.float32).reshape(-1, 2)
    cell = pl.col("cell").str
    read = texts.rename("cell").to_frame().select(cell.len_chars().alias("length"), cell.count_matches(r"\S+"))
    sizes = read.cast(pl.Float32).to_numpy()
    return np.where(present(texts)[:, None], sizes, np.nan).astype(np.float32)
