"""Robust location and scale of a sample, and the standard units made of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

LIMIT = 10.0
"""Standardised values are clipped at this many standard deviations: an outlier cannot blow up a step."""
LARGEST = 1e150
"""Beyond it a square is no finite number."""


class Scale(NamedTuple):
    mean: float
    std: float


def learn_scale(values: Floats) -> Scale:
    """Mean and standard deviation of `values` [n] with far outliers pulled in to ten interquartile ranges.

    Where half of the values are equal the 1st to 99th percentile stands in for the interquartile range. A
    constant or empty sample has the scale 1, so its standardised values are 0.
    """
    if not len(values):
        return Scale(0.0, 1.0)
    values = np.clip(values, -LARGEST, LARGEST)
    low, first, middle, third, high = np.quantile(values, (0.01, 0.25, 0.5, 0.75, 0.99))
    reach = 10 * ((third - first) or (high - low))
    if reach > 0:
        values = np.clip(values, middle - reach, middle + reach)
    mean, std = float(values.mean()), float(values.std())
    # Below this the spread is rounding of the mean, not information.
    constant = not std > 1e-9 * abs(mean)
    return Scale(mean, 1.0 if constant else std)


def standardise(values: Floats, scale: Scale) -> Floats:
    """(values − mean) / std, clipped to ±LIMIT; NaN stays NaN."""
    values = np.clip(values, -LARGEST, LARGEST)
    return np.clip((values - scale.mean) / scale.std, -LIMIT, LIMIT)
