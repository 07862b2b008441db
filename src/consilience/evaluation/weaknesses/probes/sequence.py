"""Sequences: letters become unknown or another; their length."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.evaluation.weaknesses.probes.base import MISSING, Probe, Random, Worn
from consilience.evaluation.weaknesses.trait import Trait
from consilience.modalities.base import Arrays
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

UNKNOWN_LETTER = 1


def letters_masked(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Letters of sequences become unknown."""
    hidden = arrays["mask"] & (random.random(arrays["mask"].shape) < share)
    return {**arrays, "code": np.where(hidden, arrays["code"].dtype.type(UNKNOWN_LETTER), arrays["code"])}


def letters_mutated(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Letters of sequences take the place of another one of the same column."""
    code, mask = arrays["code"].copy(), arrays["mask"]
    changed = mask & (random.random(mask.shape) < share)
    for place in range(mask.shape[1]):
        known = code[:, place][mask[:, place]]
        if len(known):
            code[:, place][changed[:, place]] = random.choice(known, int(changed[:, place].sum()))
    return {**arrays, "code": code}


@final
class SequenceProbe(Probe):
    """Letters get lost and mutate; rows are told apart by length."""

    wears: ClassVar[tuple[Worn, ...]] = (
        MISSING,
        Worn("masked", (0.05, 0.1, 0.25, 0.5), "share", letters_masked),
        Worn("mutated", (0.05, 0.1, 0.25, 0.5), "share", letters_mutated),
    )

    @staticmethod
    def told(column: pl.Series) -> list[Trait] | None:
        return [Trait(column.name, "length", as_text(column).str.len_chars().cast(pl.Float64).to_numpy())]
