"""The regions of pictures as pieces: a region's gate fades it into the training pictures' mean colour."""

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

SIDE = 8
"""Regions along the longer side."""


class Region(NamedTuple):
    """A rectangle of a picture, each as a share 0..1 of its height or width."""

    top: float
    left: float
    height: float
    width: float


@final
class ImagePieces:
    """See `pieces.Pieces`. grid: regions down and across; piece = (column · down + row) · across + place."""

    kind: ClassVar[Kind] = "images"

    def __init__(self, subject: Subject, group: str) -> None:
        facts = subject.facts(group)
        self.group = group
        self.columns: list[str] = list(facts["columns"])
        height, width = int(facts["height"]), int(facts["width"])
        longest = max(height, width)
        self.grid = (max(1, round(SIDE * height / longest)), max(1, round(SIDE * width / longest)))
        down = np.arange(height) * self.grid[0] // height
        across = np.arange(width) * self.grid[1] // width
        self._area = torch.from_numpy(down[:, None] * self.grid[1] + across)
        self._fill = torch.tensor(facts["mean"], dtype=torch.float32) * 255
        self.present: Array = np.repeat(subject.arrays[group]["mask"], self.grid[0] * self.grid[1], axis=1)

    def region(self, piece: int) -> tuple[str, Region]:
        """Column and place of a piece."""
        down, across = self.grid
        column, inside = divmod(piece, down * across)
        row, place = divmod(inside, across)
        return self.columns[column], Region(row / down, place / across, 1 / down, 1 / across)

    def smooth(self, encoder: nn.Module, inputs: dict[str, Tensor]) -> bool:
        """True: encoders cast pixels to floats themselves, by their contract."""
        return True

    @contextmanager
    def gated(
        self, encoder: nn.Module, inputs: dict[str, Tensor], rows: Tensor, gates: Tensor, between: bool
    ) -> Iterator[dict[str, Tensor]]:
        pixels, device = inputs["pixels"].float(), gates.device
        count = self.grid[0] * self.grid[1]
        maps = gates.reshape(len(gates), -1, count)[:, :, self._area.to(device)].unsqueeze(-1)
        fill = self._fill.to(device)
        yield {**inputs, "pixels": fill + maps * (pixels - fill)}
