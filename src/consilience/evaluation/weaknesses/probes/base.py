"""The contract of a probe: how cells of a modality get worse, what rows are told apart by, what a card shows of them.

Registered under the modality's name (kind "probe"). A modality without a probe has the abstract one's answers: its
cells can go missing, rows are told apart by the values as written, and cards show these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import polars as pl

from consilience.core.registry import find
from consilience.evaluation.weaknesses.trait import Trait
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]
Random = np.random.Generator
SHARES = (0.1, 0.25, 0.5, 0.75)


class Worn(NamedTuple):
    """kind: its name. strengths: rising, in `unit`. wear: makes arrays (of text: cells) worse."""

    kind: str
    strengths: tuple[float, ...]
    unit: str
    wear: Callable[[Any, float, Random], Any]


class Shown(NamedTuple):
    """What a card shows of a cell beside words. kind: a picture or a sound. address: a data address."""

    kind: Literal["images", "sounds"]
    address: str


def missing(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Cells of the group go missing, each by itself."""
    gone = random.random(arrays["mask"].shape[:2]) < share
    return {
        name: np.where(gone.reshape(gone.shape + (1,) * (a.ndim - 2)), a.dtype.type(0), a) for name, a in arrays.items()
    }


def normal(random: Random, deviation: float, shape: tuple[int, ...]) -> Array:
    """float32 noise of mean 0."""
    return np.asarray(random.normal(0, deviation, shape), np.float32)


MISSING = Worn("missing", SHARES, "share", missing)


class Probe:
    """Abstract. Stateless; what is not overridden is what a modality without a probe has."""

    wears: ClassVar[tuple[Worn, ...]] = (MISSING,)
    """In the spirit of Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations" (ICLR 2019), but in units that a reader knows: shares of cells, standard deviations, decibels."""
    as_written: ClassVar[bool] = False
    """True where the raw cells are worn (a String frame of the columns), not the arrays: of texts, which are kept."""
    measures: ClassVar[bool] = False
    """True where traits come from the arrays (`measured`), not from the cells (`told`)."""

    @staticmethod
    def measured(arrays: Arrays, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Trait → float64 [N, C], NaN where missing, of some rows."""
        return {}

    @staticmethod
    def told(column: pl.Series) -> list[Trait] | None:
        """Traits of a column's cells; None where they are their values."""
        return None

    @staticmethod
    def shown(arrays: Arrays, facts: Mapping[str, Any], place: int) -> Shown | None:
        """What a card shows of the column at `place`, from the arrays [1, C, …] of one row; None where nothing."""
        return None


def probe_of(modality: str) -> type[Probe]:
    """The modality's probe, the abstract one where it has none."""
    return find("probe", modality) or Probe
