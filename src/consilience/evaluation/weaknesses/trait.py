"""A trait: one thing by which rows can be told apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

Array = np.ndarray[Any, Any]


class Trait(NamedTuple):
    """column; what of it: value, length, script, brightness, seconds and so on, see the probes.

    number: float64 [N], NaN where missing; text: String [N], null where missing. One of them is None. date: the
    number is seconds since 1970.
    """

    column: str
    what: str
    number: Array | None = None
    text: pl.Series | None = None
    date: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.column, self.what
