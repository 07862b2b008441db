"""What networks say of rows, and who can say it: PyTorch modules in training, ONNX Runtime in service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

from consilience.core.errors import InputError, nearest
from consilience.data.features import Features

Index = np.ndarray[Any, np.dtype[np.int64]]
Array = np.ndarray[Any, Any]

BATCH = 256
"""Rows that a network is given at once."""
NONE: Mapping[str, Array] = MappingProxyType({})


class Said(NamedTuple):
    """Raw outputs of one network on N rows.

    logits: [N, K]. helpers: group → stand-alone logits [N, K]. weights: [N, M] fusion weight of each group.
    has: [N, M] bool, the groups that each row has. pooled: group of media or texts → float32 [N, D], the mean of its
    tokens (0 where the row lacks it), from exported graphs only: what drift is looked for in.
    """

    logits: Array
    helpers: dict[str, Array]
    weights: Array
    has: Array
    pooled: Mapping[str, Array] = NONE

    def at(self, positions: Array) -> Said:
        """The same of some of the rows."""
        return Said(
            self.logits[positions],
            {g: values[positions] for g, values in self.helpers.items()},
            self.weights[positions],
            self.has[positions],
            {g: values[positions] for g, values in self.pooled.items()},
        )


class Exported(Protocol):
    """All networks of a bundle in one graph, run without PyTorch."""

    def run_masks(self, features: Features, index: Index, masks: Sequence[Iterable[str]]) -> list[list[Said]]:
        """What each network says of the rows `index` under each set of hidden groups: [networks][masks]."""
        ...


def kept(groups: Sequence[str], hidden: Iterable[str]) -> Array:
    """bool [1, M]: False for the groups to hide.

    Raises:
        InputError: when `hidden` names a group that the network lacks.
    """
    hide = set(hidden)
    for name in hide - set(groups):
        raise InputError(f"no group {name!r}", fix=nearest(name, groups))
    return np.array([[g not in hide for g in groups]])


def joined(parts: list[Said]) -> Said:
    """Rows after rows."""
    return Said(
        np.concatenate([p.logits for p in parts]),
        {g: np.concatenate([p.helpers[g] for p in parts]) for g in parts[0].helpers},
        np.concatenate([p.weights for p in parts]),
        np.concatenate([p.has for p in parts]),
        {g: np.concatenate([p.pooled[g] for p in parts]) for g in parts[0].pooled},
    )
