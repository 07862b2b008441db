"""The beginning of the text as its summary: hard to beat in news and abstracts (Nallapati et al. 2017, "SummaRuNNer").

How many sentences or words of which column is chosen on training rows.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, final

from consilience.core.config import Config as Block
from consilience.modalities.overlap import has_no_blanks
from consilience.modalities.text_codes import to_codes
from consilience.references.base import Array, Rows, State
from consilience.references.sentences import Cut, best_cut, cells, cut_of, sentences_of

SENTENCES = (1, 2, 3, 4)
WORDS = (5, 10, 15, 20, 25, 30, 40, 60, 100)


@final
class Lead:
    """The first k sentences, words or (without blanks) characters of a text column."""

    name: ClassVar[str] = "lead"
    texts: ClassVar[bool] = True

    class Config(Block):
        column: str | None = None
        """Text column that is cut; chosen when None."""
        unit: str | None = None
        """sentences or words; chosen when None."""
        most: int | None = None
        """How many of them; chosen when None."""

    def __init__(self, config: Config, facts: dict[str, Any], kind: str) -> None:
        self.config = config
        self.cut = Cut("", "words", 1)
        self.width = 1

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """target [N, K] with the wanted texts' characters; nothing is searched for where the config says it all."""
        self.width = target.shape[1]
        config = self.config
        if config.column and config.unit and config.most:
            self.cut = Cut(config.column, config.unit, config.most)
            return
        units = [("sentences", n) for n in SENTENCES] + [("words", n) for n in WORDS]
        every = [Cut(column, *unit) for column in rows.texts for unit in units]
        self.cut, _ = best_cut(every, rows, target, seed, first)

    def settled(self) -> dict[str, Any]:
        return self.cut._asdict()

    def predict(self, rows: Rows) -> Array:
        """float32 [N, width]: the texts' characters, negative (`modalities.text_codes`)."""
        return to_codes([first(cell, self.cut) for cell in cells(rows.texts[self.cut.column])], self.width)

    def state(self) -> State:
        return State({**self.cut._asdict(), "width": self.width}, {})

    def restore(self, state: State) -> None:
        self.cut, self.width = cut_of(state.values), int(state.values["width"])


def first(cell: str, cut: Cut) -> str:
    """The beginning of a text."""
    if cut.unit == "sentences":
        return " ".join(sentences_of(cell)[: cut.most])
    if has_no_blanks(cell):
        return cell.strip()[: cut.most]
    words = re.findall(r"\S+", cell)
    return " ".join(words[: cut.most])
