"""The sentences that resemble the others most, in the order of the text.

Mihalcea & Tarau 2004, "TextRank: Bringing Order into Texts": sentences are the nodes of a graph, weighted by the words
they share, and PageRank (power iteration) ranks them. How many sentences of which column is chosen on training rows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, final

import numpy as np

from consilience.core.config import Config as Block
from consilience.modalities.overlap import words_of
from consilience.modalities.text_codes import to_codes
from consilience.references.base import Array, Rows, State
from consilience.references.sentences import Cut, best_cut, cells, cut_of, sentences_of

COUNTS = (1, 2, 3, 4)
DAMPING = 0.85
ROUNDS = 60
MOST_SENTENCES = 200
"""Sentences of a text that are ranked, from its beginning."""


@final
class TextRank:
    """The k most central sentences of a text column."""

    name: ClassVar[str] = "textrank"
    texts: ClassVar[bool] = True

    class Config(Block):
        column: str | None = None
        """Text column that is read; chosen when None."""
        most: int | None = None
        """Sentences; chosen when None."""

    def __init__(self, config: Config, facts: dict[str, Any], kind: str) -> None:
        self.config = config
        self.cut = Cut("", "sentences", 1)
        self.width = 1

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """target [N, K] with the wanted texts' characters."""
        self.width = target.shape[1]
        if self.config.column and self.config.most:
            self.cut = Cut(self.config.column, "sentences", self.config.most)
            return
        every = [Cut(column, "sentences", n) for column in rows.texts for n in COUNTS]
        self.cut, _ = best_cut(every, rows, target, seed, central)

    def settled(self) -> dict[str, Any]:
        return {"column": self.cut.column, "most": self.cut.most}

    def predict(self, rows: Rows) -> Array:
        """float32 [N, width]: the texts' characters, negative (`modalities.text_codes`)."""
        return to_codes([central(cell, self.cut) for cell in cells(rows.texts[self.cut.column])], self.width)

    def state(self) -> State:
        return State({**self.cut._asdict(), "width": self.width}, {})

    def restore(self, state: State) -> None:
        self.cut, self.width = cut_of(state.values), int(state.values["width"])


def central(cell: str, cut: Cut) -> str:
    """The most central sentences of a text."""
    sentences, order = _ranked(cell)
    return " ".join(sentences[i] for i in sorted(order[: cut.most]))


@lru_cache(maxsize=20_000)
def _ranked(cell: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Sentences, and their positions from the most central on; ties in the order of the text."""
    sentences = tuple(sentences_of(cell)[:MOST_SENTENCES])
    found = centrality([words_of(sentence) for sentence in sentences])
    return sentences, tuple(int(i) for i in np.argsort(-found, kind="stable"))


def centrality(sentences: list[list[str]]) -> Array:
    """PageRank float64 [S] of sentences given as words; sums to 1.

    The weight of an edge is the number of words shared over the sum of the logarithms of both lengths.
    """
    count = len(sentences)
    sets = [set(words) for words in sentences]
    weight = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            length = np.log(max(len(sentences[i]), 1)) + np.log(max(len(sentences[j]), 1))
            weight[i, j] = weight[j, i] = len(sets[i] & sets[j]) / length if length > 0 else 0.0
    out = weight.sum(1, keepdims=True)
    step = np.divide(weight, out, out=np.full_like(weight, 1 / max(count, 1)), where=out > 0)
    rank = np.full(count, 1 / max(count, 1))
    for _ in range(ROUNDS):
        rank = (1 - DAMPING) / max(count, 1) + DAMPING * (rank @ step)
    return np.asarray(rank)
