"""The words of texts as pieces: a word's gate blends the vectors of its sub-words with that of "unknown".

Training hides a share of the sub-words as "unknown" (Iyyer et al. 2015), so the networks know what a hidden word looks
like. Scripts written without blanks have no words to read off: there every sub-word is a piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.scripts import UNSPACED_CLASS
from consilience.explanation.pieces import Kind
from consilience.explanation.subject import Subject
from consilience.modalities.given_subwords import STYLE, pieces_of
from consilience.modalities.subwords import LONGEST_WORD, WORD_MARK, read_tokenizer, split_words

Array = np.ndarray[Any, Any]

UNKNOWN = 1
"""Id of an unknown sub-word, by the contract of the modality `text`, where the facts name no other."""
ROOM = 8
"""Positions of padding that an encoder may add to a text."""
UNSPACED = re.compile(f"[{UNSPACED_CLASS}]")


class Span(NamedTuple):
    """column; written, as the user wrote it where that can be found; piece, None beyond what the model reads."""

    column: str
    written: str
    piece: int | None


@final
class TextPieces:
    """See `pieces.Pieces`. spans: the words of every row in their order."""

    kind: ClassVar[Kind] = "texts"

    def __init__(self, subject: Subject, group: str) -> None:
        facts = subject.facts(group)
        self.group, self._unknown = group, int(facts.get("unknown", UNKNOWN))
        read = self._read_given if facts.get("style") == STYLE else self._read
        ids = subject.arrays[group]["ids"]
        self._piece: Array = np.full(ids.shape, -1, np.int64)
        self.spans: list[list[Span]] = [[] for _ in range(len(subject))]
        counts = np.zeros(len(subject), np.int64)
        for place, column in enumerate(facts["columns"]):
            for row, text in enumerate(subject.texts[column].to_list()):
                if text:
                    counts[row] += read(facts, (row, place, column), text, int(counts[row]))
        self.present: Array = np.arange(max(1, counts.max(initial=1))) < counts[:, None]

    def _read(self, facts: dict[str, Any], cell: tuple[int, int, str], text: str, first: int) -> int:
        """Number the words of one cell from `first` on; returns how many there are."""
        row, place, column = cell
        words = split_words(pl.Series([text[: facts["length"] * LONGEST_WORD]])).item()
        encoding = read_tokenizer(facts["tokenizer"]).encode(words, add_special_tokens=False)
        length = min(len(encoding.ids), self._piece.shape[2])
        count, last, shown = 0, -1, []
        for at in range(length):
            word = encoding.word_ids[at]
            start, end = encoding.offsets[at]
            part = words[start:end].replace(WORD_MARK, "")
            if word != last or UNSPACED.search(part):
                count += 1
                shown.append("")
            shown[-1] += part
            last = word
            self._piece[row, place, at] = first + count - 1
        written, rest = as_written(text, shown)
        self.spans[row] += [Span(column, w, first + i) for i, w in enumerate(written)]
        if rest and length < len(encoding.ids):
            self.spans[row].append(Span(column, rest, None))
        return count

    def _read_given(self, facts: dict[str, Any], cell: tuple[int, int, str], text: str, first: int) -> int:
        """`_read` with the tokenizer of a pretrained network, which marks places in the text as written."""
        row, place, column = cell
        pieces, cut = pieces_of(facts["tokenizer"], text, self._piece.shape[2])
        count, last = 0, None
        ends: list[list[int]] = []
        for at, piece in enumerate(pieces):
            if piece.word is None or piece.start == piece.end:
                continue  # a sign of begin or end is no word of the user's
            if piece.word != last or UNSPACED.search(text[piece.start : piece.end]):
                count += 1
                ends.append([piece.start, piece.end])
            ends[-1][1] = max(ends[-1][1], piece.end)
            last = piece.word
            self._piece[row, place, at] = first + count - 1
        self.spans[row] += [Span(column, text[a:b].strip(), first + i) for i, (a, b) in enumerate(ends)]
        if cut and (rest := text[ends[-1][1] if ends else 0 :].strip()):
            self.spans[row].append(Span(column, rest, None))
        return count

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """True when the encoder looks every sub-word up once, in place, in an nn.Embedding."""
        table = _table(encoder)
        if table is None:
            return False
        shapes: list[tuple[int, ...]] = []
        handle = table.register_forward_hook(lambda module, given, out: shapes.append(tuple(out.shape)))
        try:
            with torch.no_grad():
                encoder(inputs)
        finally:
            handle.remove()
        rows, columns, length = inputs["ids"].shape
        if len(shapes) != 1 or len(shapes[0]) != 3:
            return False
        return shapes[0][0] == rows * columns and length <= shapes[0][1] <= length + ROOM

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        piece = torch.from_numpy(self._piece).to(gates.device)[rows]
        flat = gates.gather(1, piece.clamp(min=0).flatten(1)).reshape(piece.shape)
        token = torch.where(piece >= 0, flat, torch.ones_like(flat))
        if not between:
            hidden = (token < 0.5) & inputs["mask"]
            yield {**inputs, "ids": inputs["ids"].long().masked_fill(hidden, self._unknown)}
            return
        table = _table(encoder)
        assert table is not None, "smooth() said that the encoder has a table of vectors"

        def blend(module: nn.Module, given: Any, out: Tensor) -> Tensor:
            weight = F.pad(token.flatten(0, 1), (0, out.shape[1] - token.shape[2]), value=1.0).unsqueeze(-1)
            unknown = table.weight[self._unknown]
            return unknown + weight * (out - unknown)

        handle = table.register_forward_hook(blend)
        try:
            yield inputs
        finally:
            handle.remove()


def _table(encoder: nn.Module) -> nn.Embedding | None:
    return next((m for m in encoder.modules() if isinstance(m, nn.Embedding)), None)


def as_written(text: str, pieces: list[str]) -> tuple[list[str], str]:
    """The pieces of folded text as the user wrote them, with what stands between them; and the rest of the text.

    A piece that case and compatibility folding changed beyond recognition is given as it was read.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that grows when folded: places no longer agree
        return pieces, ""
    at, found = 0, []
    for piece in pieces:
        start = lowered.find(piece, at)
        if start < 0 or start - at > LONGEST_WORD:
            found.append(piece)
            continue
        found.append(text[start : start + len(piece)])
        at = start + len(piece)
    return found, text[at:].strip()
