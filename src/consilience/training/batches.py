"""Rows for the loop: features from the cache, targets in memory, batches in an order that a seed and epoch fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import Index
from consilience.data.features import Features

SAMPLE_BYTES = 64 << 20
"""Memory that the rows which an encoder looks at before a training may take."""


class Taught(NamedTuple):
    """What a teacher says of N rows: soft [N, K] float32 in the form of `Task.predictions`, NaN where it was not asked;
    fused [N, D] float32, its network's fused vectors, or None."""

    soft: np.ndarray[Any, np.dtype[np.float32]]
    fused: np.ndarray[Any, np.dtype[np.float32]] | None = None

    def pick(self, positions: Index) -> Taught:
        return Taught(self.soft[positions], None if self.fused is None else self.fused[positions])


class Batch(NamedTuple):
    """inputs[group][name] [B, …]; target [B, K] float32; weight [B] float32; with a teacher soft [B, K] and, where the
    widths allow, fused [B, D]."""

    inputs: dict[str, dict[str, Tensor]]
    target: Tensor
    weight: Tensor
    soft: Tensor | None = None
    fused: Tensor | None = None


@dataclass(frozen=True)
class Part:
    """Some rows of a table: `index` [n] into `features`, with target [n, K], weight [n] and what a teacher says of them
    in the same order."""

    features: Features
    index: Index
    target: np.ndarray[Any, np.dtype[np.float32]]
    weight: np.ndarray[Any, np.dtype[np.float32]]
    taught: Taught | None = None

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, positions: Index) -> Part:
        taught = None if self.taught is None else self.taught.pick(positions)
        return Part(self.features, self.index[positions], self.target[positions], self.weight[positions], taught)

    def labelled(self) -> Part:
        """The rows with a target."""
        return self.pick(np.flatnonzero(self.weight > 0))

    def sample(self, group: str, most: int) -> dict[str, Tensor]:
        """Arrays of a group on at most so many rows (and SAMPLE_BYTES), evenly spaced, on the CPU."""
        whole = self.features.whole(group)
        each = max(1, sum(array.dtype.itemsize * int(np.prod(array.shape[1:])) for array in whole.values()))
        count = min(most, len(self), max(2, SAMPLE_BYTES // each))
        rows = self.index[np.linspace(0, len(self) - 1, count).astype(np.int64)]
        arrays = {name: np.array(array[rows]) for name, array in whole.items()}
        return to_tensors({group: arrays}, torch.device("cpu"))[group]

    def batch(self, positions: Index, device: torch.device, made: Mapping[str, str]) -> Batch:
        """made: see `Features.gather`."""
        taught = () if self.taught is None else self.taught.pick(positions)
        return Batch(
            to_tensors(self.features.gather(self.index[positions], made), device),
            torch.from_numpy(self.target[positions]).to(device),
            torch.from_numpy(self.weight[positions]).to(device),
            *(None if array is None else torch.from_numpy(array).to(device) for array in taught),
        )


def shuffled(rows: int, size: int, seed: int, epoch: int, least: int = 2) -> list[Index]:
    """Row positions of every batch of an epoch; the same for the same arguments, so a resumed run sees them too.

    The last batch is dropped when it would hold fewer than `least` rows beside others: batch statistics need two, in
    each process that takes a part.
    """
    order = np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int64)
    batches = [order[i : i + size] for i in range(0, rows, size)]
    if len(batches) > 1 and len(batches[-1]) < least:
        batches.pop()
    return batches


def share_of(positions: Index, rank: int, processes: int) -> Index:
    """The part of a batch that one of several processes trains on: all processes together take every row once."""
    return positions[rank::processes]
