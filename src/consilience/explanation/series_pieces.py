"""Stretches of series as pieces: a closed gate lays a stretch of a channel flat on the series' own mean.

Flat at its own mean, since encoders bring each series to its own level: a stretch at the training rows' mean would look
like a jump to them. What the level itself says is therefore not part of these pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import torch
from torch import Tensor, nn

from consilience.explanation.pieces import Kind
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]

PARTS = 12
"""Stretches of a series; of a shorter one, its steps."""
APART = 6
"""Channels up to which each has pieces of its own; of more, a stretch is closed in all at once."""


class Stretch(NamedTuple):
    """Steps `start` to `end` (exclusive, from 0); channel: number, or None for all."""

    start: int
    end: int
    channel: int | None


@final
class SeriesPieces:
    """See `pieces.Pieces`. piece = (column · lanes + lane) · PARTS + stretch; a lane is a channel, or all of them."""

    kind: ClassVar[Kind] = "series"

    def __init__(self, subject: Subject, group: str) -> None:
        facts, arrays = subject.facts(group), subject.arrays[group]
        self.group = group
        self.columns: list[str] = list(facts["columns"])
        channels = arrays["value"].shape[-1]
        self.lanes = channels if 1 < channels <= APART else 1
        self.length: Array = arrays["mask"].sum(2).astype(np.int64)
        part = self._part(np.arange(arrays["mask"].shape[2]), self.length[..., None])
        observed = arrays["observed"] if self.lanes > 1 else arrays["observed"].any(3, keepdims=True)
        there = [(observed & (part == place)[..., None]).any(2) for place in range(PARTS)]  # each [n, C, lanes]
        self.present: Array = np.stack(there, -1).reshape(len(self.length), -1)

    @staticmethod
    def _part(place: Any, length: Any) -> Any:
        """The stretch of each place; −1 beyond the series. As many as there are steps, at most PARTS."""
        parts = length.clip(1, PARTS)
        found = place * parts // length.clip(1)
        return (np if isinstance(found, np.ndarray) else torch).where(place < length, found, -1)

    def stretch(self, row: int, piece: int) -> tuple[str, Stretch]:
        """Column and steps of a piece of a row."""
        lane, part = divmod(piece, PARTS)
        column, channel = divmod(lane, self.lanes)
        length = int(self.length[row, column])
        inside = np.flatnonzero(self._part(np.arange(length), np.array(length)) == part)
        place = Stretch(int(inside[0]), int(inside[-1]) + 1, channel if self.lanes > 1 else None)
        return self.columns[column], place

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """True unless the encoder brings each series to its own deviation: it sees the same series however near the
        gates come to 0, then suddenly a flat one, and no gradient along the way knows of that jump."""
        return not getattr(getattr(encoder, "options", None), "instance", False)

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        value, observed = inputs["value"].float(), inputs["observed"].float()
        length = inputs["mask"].sum(2, keepdim=True)
        part = self._part(torch.arange(value.shape[2], device=value.device), length).clamp(min=0)
        lanes = gates.reshape(*value.shape[:2], self.lanes, PARTS).transpose(2, 3)  # [b, C, PARTS, lanes]
        open_ = lanes.gather(2, part.unsqueeze(-1).expand(-1, -1, -1, self.lanes))
        mean = (value * observed).sum(2, keepdim=True) / observed.sum(2, keepdim=True).clamp(min=1)
        yield {**inputs, "value": (value * open_ + mean * (1 - open_)) * observed}
