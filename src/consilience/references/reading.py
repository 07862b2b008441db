"""How a modality is read by the references: its arrays condensed into a few plain numbers a cell.

Registered under the modality's name (kind "reading"). A modality without a reading is left out by the references, and
their note says so. Categories, texts and sequences are read by each reference in its own way, see `READ_APART`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from consilience.core.registry import find
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

READ_APART = frozenset({"category", "sequence", "text"})
"""Modalities whose cells become indices, letters and n-grams, of which each reference makes its own columns."""


class Reading(Protocol):
    """Stateless; NumPy only."""

    costly: ClassVar[bool]
    """True for media: fewer rows are read, and trees work longer on them."""

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        """Numbers that a cell becomes. facts: those of the group."""
        ...

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        """float32 [N, C × width] of a slice of rows; NaN where a cell is missing."""
        ...


def reading_of(facts: Mapping[str, Any]) -> type[Reading] | None:
    """The reading of a group's modality; None where the references read none of it into their matrix."""
    found: type[Reading] | None = find("reading", str(facts["modality"]))
    return found


def has_costly(groups: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether media are among what is read."""
    return any(found.costly for facts in groups.values() if (found := reading_of(facts)) is not None)
