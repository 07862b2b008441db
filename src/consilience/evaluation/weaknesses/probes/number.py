"""Numbers: noise in standard deviations."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.probes.base import MISSING, Probe, Random, Worn, normal
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


def number_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise, in standard deviations of the training rows."""
    value = arrays["value"] + normal(random, deviations, arrays["value"].shape)
    return {**arrays, "value": np.where(arrays["mask"], np.clip(value, -10, 10), 0).astype(np.float32)}


@final
class NumberProbe(Probe):
    """Numbers get noisy."""

    wears: ClassVar[tuple[Worn, ...]] = (MISSING, Worn("noise", (0.1, 0.25, 0.5, 1.0), "deviations", number_noise))
