"""The letters of sequences as pieces: a closed gate makes its letters unknown, which training does to some of them too.

Up to 64 pieces a column: of longer sequences a piece is a stretch of neighbouring letters (of SMILES: of atoms and
bonds).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, final

import numpy as np
import torch
from torch import Tensor, nn

from consilience.explanation.pieces import Kind
from consilience.explanation.subject import Subject
from consilience.explanation.text_pieces import Span
from consilience.modalities.alphabets import FIRST

Array = np.ndarray[Any, Any]

UNKNOWN = 1
"""Code of an unknown letter, by the contract of the modality `sequence`."""
MOST_PIECES = 64
"""Pieces of a column at most."""


@final
class SequencePieces:
    """See `pieces.Pieces`. spans: the stretches of every row in their order, as the model reads them."""

    kind: ClassVar[Kind] = "texts"

    def __init__(self, subject: Subject, group: str) -> None:
        self.group = group
        facts, arrays = subject.facts(group), subject.arrays[group]
        code, mask = arrays["code"], arrays["mask"]
        self._piece: Array = np.full(code.shape, -1, np.int64)
        self.spans: list[list[Span]] = [[] for _ in range(len(subject))]
        counts = np.zeros(len(subject), np.int64)
        for place, column in enumerate(facts["columns"]):
            names = {FIRST + facts["offset"][place] + i: t for i, t in enumerate(facts["tokens"][place])}
            for row in range(len(subject)):
                length = int(mask[row, place].sum())
                stretch = max(1, -(-length // MOST_PIECES))
                number = counts[row] + np.arange(length) // stretch
                self._piece[row, place, :length] = number
                letters = [names.get(int(c), "?") for c in code[row, place, :length]]
                for start in range(0, length, stretch):
                    written = "".join(letters[start : start + stretch])
                    self.spans[row].append(Span(column, written, int(number[start])))
                counts[row] += -(-length // stretch)
        self.present: Array = np.arange(max(1, counts.max(initial=1))) < counts[:, None]

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """Never: k-mers that hold a hidden letter are others altogether, nothing lies between."""
        return False

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        piece = torch.from_numpy(self._piece).to(gates.device)[rows]
        flat = gates.gather(1, piece.clamp(min=0).flatten(1)).reshape(piece.shape)
        hidden = (flat < 0.5) & (piece >= 0) & inputs["mask"]
        yield {**inputs, "code": inputs["code"].long().masked_fill(hidden, UNKNOWN)}
