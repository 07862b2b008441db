"""What a reference is: a classical model trained on the same rows, shown beside the network and stacked with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


class Rows(NamedTuple):
    """A slice of rows as references see them.

    arrays: group → canonical arrays (numbers, dates, categories, images, audio). texts: column → String series of
    the raw text columns, which references hash themselves. memo: what was computed of these rows already, where the
    same rows are predicted many times with other sources hidden; None = nothing is kept.
    """

    arrays: dict[str, Arrays]
    texts: dict[str, pl.Series]
    memo: dict[Any, tuple[Any, Any]] | None = None

    def remembered(self, what: str, source: Any, index: Array, compute: Callable[[], Any]) -> Any:
        """`compute()`, or what it gave for the same source (an object of these rows) and the same slice `index`."""
        if self.memo is None or not len(index):
            return compute()
        if not self.knows(what, source, index):
            self.remember(what, source, index, compute())
        return self.memo[_key(what, source, index)][1]

    def knows(self, what: str, source: Any, index: Array) -> bool:
        """Whether `remembered` has nothing to compute."""
        return self.memo is not None and _key(what, source, index) in self.memo

    def remember(self, what: str, source: Any, index: Array, found: Any) -> None:
        """Keep what was found of a source (an object of these rows) and a slice `index` of at least one row."""
        if self.memo is not None:  # the source is kept, so that its id is not given to another
            self.memo[_key(what, source, index)] = (source, found)


def _key(what: str, source: Any, index: Array) -> tuple[str, int, int, int]:
    return what, id(source), int(index[0]), len(index)


class State(NamedTuple):
    """A fitted reference as plain data: JSON values and arrays (safetensors). Never a pickle."""

    values: dict[str, Any]
    arrays: dict[str, Array]


class Reference(Protocol):
    """Built as `Reference(config, facts, kind)`; facts = {"groups": {...}}; kind = the task's kind."""

    name: ClassVar[str]
    texts: ClassVar[bool]
    """True where it predicts texts; False, or left out, where it predicts probabilities and values."""
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
