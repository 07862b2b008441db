"""Cutting a text into sentences, and what extractive references share: which cut agrees best with training targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.overlap import rouge
from consilience.modalities.text_codes import from_codes
from consilience.references.base import Rows

Array = np.ndarray[Any, Any]

END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？；])\s*|\n+")
FITTED_ON = 150
"""Training rows on which the cut is chosen."""


class Cut(NamedTuple):
    """column: text column that is cut. unit: "sentences" or "words". most: how many of them."""

    column: str
    unit: str
    most: int


def sentences_of(text: str) -> list[str]:
    """The sentences, blanks cut; abbreviations may split one.

    Example:
        >>> sentences_of("One. Two!  三。四")
        ['One.', 'Two!', '三。', '四']
    """
    return [part.strip() for part in END.split(text) if part and part.strip()]


def best_cut(
    cuts: Sequence[Cut], rows: Rows, target: Array, seed: int, make: Callable[[str, Cut], str]
) -> tuple[Cut, float]:
    """The cut of the highest mean ROUGE-L on at most FITTED_ON rows, and that mean; the first of equals.

    Args:
        target: [N, K] holding the wanted texts' characters. make: (cell, cut) → text.
    """
    chosen = np.sort(np.random.default_rng((seed, 29)).permutation(len(target))[:FITTED_ON])
    wanted = from_codes(target[chosen])
    given = {name: cells(series)[chosen] for name, series in rows.texts.items()}

    def merit(cut: Cut) -> float:
        found = (rouge(w, make(cell, cut)).longest for w, cell in zip(wanted, given[cut.column], strict=True))
        return float(np.mean(list(found)))

    merits = [merit(cut) for cut in cuts]
    best = int(np.argmax(merits))
    return cuts[best], merits[best]


def cells(series: pl.Series) -> Array:
    """The cells as str objects [N], "" where missing."""
    return np.array(series.fill_null("").to_list(), dtype=object)


def cut_of(values: Mapping[str, Any]) -> Cut:
    """The cut that a state's values hold."""
    return Cut(str(values["column"]), str(values["unit"]), int(values["most"]))
