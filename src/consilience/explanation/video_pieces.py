"""The frames of videos as pieces: a frame's gate fades it into the training videos' mean colour."""

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


class Moment(NamedTuple):
    """frame: 0-based number among the kept frames. start, end: seconds that it stands for: half-way to its
    neighbours."""

    frame: int
    start: float
    end: float


@final
class VideoPieces:
    """See `pieces.Pieces`. piece = column · frames + frame."""

    kind: ClassVar[Kind] = "videos"

    def __init__(self, subject: Subject, group: str) -> None:
        facts = subject.facts(group)
        self.group = group
        self.columns: list[str] = list(facts["columns"])
        self.frames = int(facts["frames"])
        self._second = np.asarray(subject.arrays[group]["second"], np.float64)
        self._mask = np.asarray(subject.arrays[group]["mask"], bool)
        self._fill = torch.tensor(facts["mean"], dtype=torch.float32) * 255
        self.present: Array = self._mask.reshape(len(self._mask), -1)

    def moment(self, row: int, piece: int) -> tuple[str, Moment]:
        """Column and time of a piece of a row."""
        column, frame = divmod(piece, self.frames)
        times = self._second[row, column][self._mask[row, column]]
        step = float(np.diff(times).mean()) if len(times) > 1 else 0.0
        at = float(self._second[row, column, frame])
        return self.columns[column], Moment(frame, max(0.0, at - step / 2), at + step / 2)

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """True: encoders cast frames to floats themselves, by their contract."""
        return True

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        frame = inputs["frame"].float()
        fill = self._fill.to(gates.device)
        opened = gates.reshape(len(gates), -1, self.frames)[..., None, None, None]
        yield {**inputs, "frame": fill + opened * (frame - fill)}
