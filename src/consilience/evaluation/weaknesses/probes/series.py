"""Series: noise and lost steps; their length, level and spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.probes.base import MISSING, SHARES, Probe, Random, Worn, normal
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


def series_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise on every observed point, in standard deviations of the training rows."""
    value = arrays["value"] + normal(random, deviations, arrays["value"].shape)
    return {**arrays, "value": np.where(arrays["observed"], value, 0).astype(np.float32)}


def steps_missing(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Steps of a series go missing, all channels at once; a series of which none is left is missing."""
    kept = np.asarray(random.random(arrays["mask"].shape) >= share)
    observed = arrays["observed"] & kept[..., None]
    left = observed.any((2, 3))
    value = np.where(observed, arrays["value"], np.float32(0))
    whole = {name: a * left.reshape(left.shape + (1,) * (a.ndim - 2)) for name, a in arrays.items()}
    return {**whole, "value": value, "observed": observed}


@final
class SeriesProbe(Probe):
    """Series get noisy and lose steps; rows are told apart by steps, mean and spread."""

    wears: ClassVar[tuple[Worn, ...]] = (
        MISSING,
        Worn("series_noise", (0.1, 0.25, 0.5, 1.0), "deviations", series_noise),
        Worn("steps", SHARES, "share", steps_missing),
    )
    measures: ClassVar[bool] = True

    @staticmethod
    def measured(arrays: Arrays, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Steps, and mean and deviation of all observed points in standard deviations of the training rows; NaN where
        missing."""
        value, observed, there = arrays["value"].astype(np.float64), arrays["observed"], arrays["mask"].any(2)
        count = np.maximum(observed.sum((2, 3)), 1)
        mean = (value * observed).sum((2, 3)) / count
        spread = np.sqrt((np.square(value - mean[..., None, None]) * observed).sum((2, 3)) / count)
        found = {"steps": arrays["mask"].sum(2).astype(np.float64), "mean": mean, "spread": spread}
        return {name: np.where(there, figures, np.nan) for name, figures in found.items()}
