"""What a reference is: a classical model trained on the same rows, shown beside the network and stacked with it."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


class Rows(NamedTuple):
    """A slice of rows as references see them.

    arrays: group → canonical arrays (numbers, dates, categories, images, audio). texts: column → String series of
    the raw text columns, which references hash themselves.
    """

    arrays: dict[str, Arrays]
    texts: dict[str, pl.Series]


class State(NamedTuple):
    """A fitted reference as plain data: JSON values and arrays (safetensors). Never a pickle."""

    values: dict[str, Any]
    arrays: dict[str, Array]


class Reference(Protocol):
    """Built as `Reference(config, facts, kind)`; facts = {"groups": {...}}; kind = the task's kind."""

    name: ClassVar[str]
    Config: ClassVar[type[Any]]

    def fit(self, rows: Rows, target: Array, weight: Array, seed: int, threads: int) -> None:
        """target [N, K] (as `Targets.target`), weight [N]."""
        ...

    def settled(self) -> dict[str, Any]:
        """Config options that this fit searched for, so that another fit on more rows need not."""
        ...

    def predict(self, rows: Rows) -> Array:
        """Predictions in the form of `Task.predictions`: probabilities [N, K] or values [N, 1]."""
        ...

    def state(self) -> State: ...

    def restore(self, state: State) -> None: ...
