"""Categories: cells take the value of another row."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.probes.base import MISSING, SHARES, Probe, Random, Worn
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


def replaced(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Cells take the value of another row."""
    found = {name: array.copy() for name, array in arrays.items()}
    for place in range(arrays["mask"].shape[1]):
        rows = np.flatnonzero(random.random(len(arrays["mask"])) < share)
        other = random.integers(0, len(arrays["mask"]), len(rows))
        for name, array in arrays.items():
            found[name][rows, place] = array[other, place]
    return found


@final
class CategoryProbe(Probe):
    """Categories get mixed up."""

    wears: ClassVar[tuple[Worn, ...]] = (MISSING, Worn("replaced", SHARES, "share", replaced))
