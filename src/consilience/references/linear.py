"""The linear reference: hashed words, characters and k-mers, scaled numbers, one-hot categories; L2-regularised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import scipy.sparse as sparse
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.references.base import Rows, State
from consilience.references.features import (
    Matrix,
    choose_rows,
    count_rows,
    read_matrix,
    read_ngrams,
    read_texts,
    text_columns,
    unread_groups,
)
from consilience.references.one_thread import one_thread, one_thread_for
from consilience.references.sequences import SPARSE_WORK, SequenceColumns
from consilience.references.solvers import Problem, Solution, apply, loss, solve
from consilience.references.sparse_rows import Compressed, SparseRows, beside, matrix_of
from consilience.references.texts import (
    Vocabulary,
    class_contrast,
    inverse_frequency,
    learn_vocabulary,
    scaled,
)

Array = np.ndarray[Any, Any]

LINKS = {"binary": "softmax", "multiclass": "softmax", "multilabel": "sigmoid", "regression": "identity"}
STRENGTHS_TEXT = (1.0, 3.0, 10.0, 30.0)
STRENGTHS_TABLE = (0.3, 3.0, 30.0, 300.0)
SEARCH_ROWS = 10_000
"""Most rows that take part in the choice of the strength."""
COEFFICIENTS = 8_000_000
"""Most coefficients: many classes leave room for fewer n-grams."""
PREDICT_ROWS = 4096
WORDS = 1.4
"""Length of a row's words against 1 for its characters."""
SEQUENCE_DIRECTIONS = 128
"""Columns made of each sequence column where its k-mers are too many."""
LARGEST = 8.0
"""Scaled numbers are cut at ± this many standard deviations."""


class Sources(NamedTuple):
    """The training rows, read once: word and character counts of every text column, the matrix, and the features of
    every sequence column."""

    counts: Sequence[Compressed]
    matrix: Matrix
    sequences: list[sparse.csr_matrix]

    def take(self, index: Array) -> Sources:
        values = Matrix(self.matrix.values[index], {g: c[index] for g, c in self.matrix.codes.items()})
        return Sources([matrix_of(c)[index] for c in self.counts], values, [c[index] for c in self.sequences])


class Linear:
    """Logistic (or ridge) regression on what a textbook would feed it.

    Every block of features (a text column's words, its characters, the numbers, the categories) has rows of
    about unit length, so that one regularisation strength suits all. The strength is picked by held-out log
    loss (squared error) on training rows: cross-validation below 1,000 rows, a fifth held out above.
    """

    name: ClassVar[str] = "linear"

    class Config(Block):
        strength: float | None = Field(None, gt=0)
        """Inverse of the L2 penalty (scikit-learn's C); picked from four values when None."""
        characters: bool = True
        """Character 2-5-grams beside words; texts written without spaces need them."""
        vocabulary: int = Field(300_000, ge=100)
        """Most n-grams kept of a text column, the most frequent first."""

    def __init__(self, config: Config, facts: Mapping[str, Any], kind: str) -> None:
        self.config, self.groups, self.kind = config, facts["groups"], kind
        self.link = LINKS[kind]
        self.note = ""
        self.strength = 0.0
        self._vocabularies: list[Vocabulary] = []
        self._sequences, self._condensed = SequenceColumns(self.groups), False
        self._scales: list[Array] = []
        self._solution = Solution(np.zeros((0, 1), np.float32), np.zeros(1, np.float32), self.link)
        self._centre: Array = np.zeros(0, dtype=np.float32)
        self._spread: Array = self._centre
        self._gap: Array = np.zeros(0, dtype=np.uint8)
        self._unit = np.array([0.0, 1.0])

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """See `Reference.fit`; `strength` and `note` then say what was chosen and left out."""
        with one_thread():
            self._fit(rows, target, weight, seed)

    def _fit(self, rows: Rows, target: Array, weight: Array, seed: int) -> None:
        index, self.note = choose_rows(rows, self.groups, weight, seed)
        target, weight = target[index].astype(np.float64), weight[index].astype(np.float64)
        if unread := unread_groups(self.groups):
            self.note = "; ".join(filter(None, [self.note, f"does not read {', '.join(unread)}"]))
        if self.link == "identity":
            centre = float(np.average(target[:, 0], weights=weight))
            self._unit = np.array([centre, float(target.std()) or 1.0])
            target = (target - self._unit[0]) / self._unit[1]
        sources = self._read(rows, index, target.shape[1])
        self.strength = self.config.strength or self._choose(sources, target, weight, seed)
        features = self._learn(sources, target)
        self._solution = solve(Problem(features, target, weight, self.link), self.strength)

    def settled(self) -> dict[str, Any]:
        """Config options that spare a second fit, on more rows, the search."""
        return {"strength": self.strength}

    def predict(self, rows: Rows) -> Array:
        with one_thread_for(count_rows(rows)):
            found = []
            for start in range(0, count_rows(rows), PREDICT_ROWS):
                index = np.arange(start, min(start + PREDICT_ROWS, count_rows(rows)))
                counts = [
                    vocabulary.select(read_ngrams(rows, column, part, index))
                    for (column, part), vocabulary in zip(self._blocks(), self._vocabularies, strict=True)
                ]
                features = self._features(self._sources(counts, rows, index))
                found.append(apply(features, self._solution))
            none = np.zeros((0, len(self._solution.coefficients)))  # two classes: one intercept, two columns
            every = np.concatenate(found) if found else apply(none, self._solution)
            return (
                (every * self._unit[1] + self._unit[0]).astype(np.float32)
                if self.link == "identity"
                else (every.astype(np.float32))
            )

    def state(self) -> State:
        arrays = {
            "coefficients": self._solution.coefficients,
            "intercepts": self._solution.intercepts,
            "centre": self._centre,
            "spread": self._spread,
            "gap": self._gap,
            "unit": self._unit,
        }
        for i, (vocabulary, scale) in enumerate(zip(self._vocabularies, self._scales, strict=True)):
            arrays |= {f"kept{i}": vocabulary.kept, f"scale{i}": scale}
        values = {"strength": self.strength, "note": self.note, "form": self._solution.form}
        return State({**values, "condensed": self._condensed}, arrays | self._sequences.state())

    def restore(self, state: State) -> None:
        self.strength, self.note = float(state.values["strength"]), str(state.values["note"])
        arrays = state.arrays
        self._solution = Solution(arrays["coefficients"], arrays["intercepts"], str(state.values["form"]))
        self._centre, self._spread, self._gap = arrays["centre"], arrays["spread"], arrays["gap"]
        self._unit = arrays["unit"]
        self._condensed = bool(state.values.get("condensed", False))
        self._sequences.restore(arrays)
        blocks = list(self._blocks())
        self._vocabularies = [Vocabulary(arrays[f"kept{i}"], part) for i, (_, part) in enumerate(blocks)]
        self._scales = [arrays[f"scale{i}"] for i in range(len(blocks))]

    def _blocks(self) -> Iterator[tuple[str, str]]:
        """(text column, "words" or "chars"), in the order of the features."""
        for column in text_columns(self.groups):
            yield column, "words"
            if self.config.characters:
                yield column, "chars"

    def _read(self, rows: Rows, index: Array, outputs: int) -> Sources:
        most = max(1000, min(self.config.vocabulary, COEFFICIENTS // outputs))
        self._vocabularies, counts = [], []
        for column, part in self._blocks():
            vocabulary, counted = learn_vocabulary(read_texts(rows, column, index), part, most)
            self._vocabularies.append(vocabulary)
            counts.append(counted)
        self._sequences.learn(rows, index, SEQUENCE_DIRECTIONS, 0)
        self._condensed = self._sequences.work(rows, index) > SPARSE_WORK
        return self._sources(counts, rows, index)

    def _sources(self, counts: Sequence[Compressed], rows: Rows, index: Array) -> Sources:
        blocks = self._sequences.blocks(rows, index, self._condensed)
        return Sources(counts, read_matrix(rows, self.groups, index), blocks)

    def _choose(self, sources: Sources, target: Array, weight: Array, seed: int) -> float:
        """The strength of the lowest held-out loss; scales are learned anew on each part fitted."""
        grid = STRENGTHS_TEXT if sources.counts or sources.sequences else STRENGTHS_TABLE
        if len(target) < 10:
            return grid[1]
        fits = [(self._trial(sources, target, weight, part), part[1]) for part in _parts(target, seed)]
        solutions: list[Solution | None] = [None] * len(fits)
        losses: list[float] = []
        for strength in grid:
            total = 0.0
            for i, ((problem, judged), held) in enumerate(fits):
                solutions[i] = solution = solve(problem, strength, solutions[i])
                total += loss(apply(judged, solution), target[held], weight[held], self.link)
            losses.append(total)
            if total > min(losses):  # the loss has one valley: past it nothing is gained
                break
        # more rows need less of a prior, as their own losses add up
        return _valley(grid, losses) * float(np.sqrt(len(fits[0][0][0].target) / len(target)))

    def _trial(self, sources: Sources, target: Array, weight: Array, part: tuple[Array, Array]) -> tuple[Problem, Any]:
        """The problem on the rows to fit, and the features of the rows to judge on its scales."""
        inner, held = part
        features = self._learn(sources.take(inner), target[inner])
        return Problem(features, target[inner], weight[inner], self.link), self._features(sources.take(held))

    def _learn(self, sources: Sources, target: Array) -> Any:
        """Learn every scale from `sources` and return its features."""
        shares = target if self.link != "identity" else (target > np.median(target)).astype(np.float64)
        if self.link == "identity":
            shares = np.hstack([shares, 1 - shares])
        self._scales = [inverse_frequency(c) * class_contrast(c, shares) for c in sources.counts]
        values = sources.matrix.values
        missing = np.isnan(values)
        known = np.maximum((~missing).sum(0), 1)
        self._centre = (np.where(missing, 0, values).sum(0, dtype=np.float64) / known).astype(np.float32)
        centred = np.where(missing, 0, values - self._centre)
        self._spread = np.sqrt((centred.astype(np.float64) ** 2).sum(0) / known).astype(np.float32)
        self._gap = np.asarray(missing.any(0) & ~missing.all(0), dtype=np.uint8)
        return self._features(sources)

    def _features(self, sources: Sources) -> Any:
        """[N, D] float32: CSR when there are texts or categories, else dense."""
        dense = self._dense(sources.matrix.values)
        parts: list[Compressed] = [
            scaled(counts, scale, WORDS if part == "words" else 1.0)
            for counts, scale, (_, part) in zip(sources.counts, self._scales, self._blocks(), strict=True)
        ]
        parts += [_one_hot(codes, self.groups[group]) for group, codes in sources.matrix.codes.items()]
        parts += sources.sequences
        return beside(parts, dense) if parts else dense

    def _dense(self, values: Array) -> Array:
        """Standardised numbers (0 where missing, or constant in training) and flags of missing cells."""
        missing = np.isnan(values)
        spread = np.where(self._spread > 1e-6 * (1 + np.abs(self._centre)), self._spread, np.inf)
        scaled_values = np.clip(np.where(missing, 0, (values - self._centre) / spread), -LARGEST, LARGEST)
        found = np.hstack([scaled_values, missing[:, self._gap.astype(bool)]]).astype(np.float32)
        return np.asarray(found / np.float32(max(1.0, np.sqrt(values.shape[1]))))


def _valley(grid: tuple[float, ...], losses: list[float]) -> float:
    """Strength at the lowest point of the parabola (in log strength) through the best value and its
    neighbours.
    """
    best = int(np.argmin(losses))
    if not 0 < best < len(losses) - 1:
        return grid[best]
    left, middle, right = losses[best - 1 : best + 2]
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    step = np.log(grid[best + 1] / grid[best]) if shift > 0 else np.log(grid[best] / grid[best - 1])
    return float(grid[best] * np.exp(shift * step))


def _one_hot(codes: Array, facts: Mapping[str, Any]) -> SparseRows:
    """Index int32 [N, C, V], 0 = none → [N, Σ vocabulary], rows of length about 1."""
    sizes = [len(v) for v in facts["vocabulary"]]
    offset = np.concatenate(([0], np.cumsum(sizes)))[:-1]
    row, column, place = np.nonzero(codes)
    index = offset[column] + codes[row, column, place] - 1
    data = np.full(len(row), 1 / np.sqrt(max(len(sizes), 1)), dtype=np.float32)
    begins = np.searchsorted(row, np.arange(len(codes) + 1))
    return SparseRows(data, index, begins, (len(codes), int(sum(sizes))))


def _parts(target: Array, seed: int) -> Iterator[tuple[Array, Array]]:
    """(rows to fit, rows to judge), each class dealt evenly: five folds below 1,000 rows, else one fifth held
    out.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(target))[: SEARCH_ROWS + SEARCH_ROWS // 4]
    classes = target[order].argmax(1) if target.shape[1] > 1 else np.argsort(np.argsort(target[order, 0]))
    order = order[np.argsort(classes, kind="stable")]
    fold = np.arange(len(order)) % 5
    for held in range(5 if len(target) < 1000 else 1):
        yield np.sort(order[fold != held]), np.sort(order[fold == held])
