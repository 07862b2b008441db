"""Rows for the loop: features from the cache, targets in memory, batches in an order that a seed and epoch fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import Index
from consilience.data.features import Features


class Batch(NamedTuple):
    """inputs[group][name] [B, …]; target [B, K] float32; weight [B] float32."""

    inputs: dict[str, dict[str, Tensor]]
    target: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Part:
    """Some rows of a table: `index` [n] into `features`, with target [n, K] and weight [n] in the same order."""

    features: Features
    index: Index
    target: np.ndarray[Any, np.dtype[np.float32]]
    weight: np.ndarray[Any, np.dtype[np.float32]]

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, positions: Index) -> Part:
        return Part(self.features, self.index[positions], self.target[positions], self.weight[positions])

    def labelled(self) -> Part:
        """The rows with a target."""
        return self.pick(np.flatnonzero(self.weight > 0))

    def batch(self, positions: Index, device: torch.device) -> Batch:
        return Batch(
            to_tensors(self.features.gather(self.index[positions]), device),
            torch.from_numpy(self.target[positions]).to(device),
            torch.from_numpy(self.weight[positions]).to(device),
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
