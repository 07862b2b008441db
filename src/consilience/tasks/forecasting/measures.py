"""Metrics of forecasts. What each row adds is summed once, so a bootstrap resample is a few dot products.

mse_z, mae_z, pinball_z: errors in standard deviations of each target over the training steps, as the literature on long
horizons has them (Zhou et al. 2021, Zeng et al. 2023). rmse, mae: in the targets' own unit, all targets together. mase:
mean absolute error over that of "as a season ago" on the training steps of the same entity (Hyndman & Koehler 2006).
smape: 2 |error| / (|truth| + |forecast|), 0 to 2. wape: sum of absolute errors over sum of absolute truths. pinball_z:
mean over the quantiles. coverage: share of steps between the lowest and the highest quantile; right where it is the
difference of their levels, not where it is 1.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.data.forecast_layout import Layout, layout_of

Array = np.ndarray[Any, Any]
NAN = float("nan")
CHUNK = 512
"""Rows whose errors are computed at once."""
NUMERATOR = {
    "mse_z": ("square_z", "count"),
    "mae_z": ("away_z", "count"),
    "rmse": ("square", "count"),
    "mae": ("away", "count"),
    "mase": ("scaled", "count"),
    "smape": ("relative", "count"),
    "wape": ("away", "size"),
    "pinball_z": ("pinball", "count"),
    "coverage": ("inside", "count"),
}
"""Metric → what is summed over rows, and what it is divided by."""


@final
class Forecasts:
    """Every metric of the kind "forecast"; missing steps count nothing."""

    names: ClassVar[tuple[str, ...]] = tuple(NUMERATOR)

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        layout = layout_of(kind)
        parts = [
            row_sums(layout, target[start : start + CHUNK], predictions[start : start + CHUNK])
            for start in range(0, max(len(target), 1), CHUNK)
        ]
        self.sums = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        self.quantiles = len(layout.levels)

    def at(self, weight: Array) -> dict[str, float]:
        total = {name: float(np.einsum("n,n->", weight, each)) for name, each in self.sums.items()}
        found = {n: total[a] / total[b] if total[b] > 0 else NAN for n, (a, b) in NUMERATOR.items()}
        found["rmse"] = float(np.sqrt(found["rmse"]))
        missing = (["pinball_z"] if self.quantiles == 0 else []) + (["coverage"] if self.quantiles < 2 else [])
        return {**found, **dict.fromkeys(missing, NAN)}


def row_sums(layout: Layout, target: Array, predictions: Array) -> dict[str, Array]:
    """What each row adds to every metric: {name: float64 [N]}; see NUMERATOR."""
    wanted, said = layout.wanted(target), layout.said(predictions)
    known = np.isfinite(wanted)
    wanted = np.where(known, wanted, 0)
    sd = np.asarray(layout.sd, np.float32)
    scale = target[:, None, layout.cells :]
    error = np.where(known, said[..., 0] - wanted, 0)
    away = np.abs(error)
    size = np.abs(wanted)
    both = np.where(known, size + np.abs(said[..., 0]), 0)
    found = {
        "count": known,
        "square_z": (error / sd) ** 2,
        "away_z": away / sd,
        "square": error**2,
        "away": away,
        "scaled": away / scale,
        "relative": np.divide(2 * away, both, out=np.zeros_like(away), where=both > 0),
        "size": size,
        **_of_quantiles(layout, wanted, said[..., 1:], known),
    }
    return {name: each.sum((1, 2), dtype=np.float64) for name, each in found.items()}


def _of_quantiles(layout: Layout, wanted: Array, said: Array, known: Array) -> dict[str, Array]:
    if not layout.levels:
        return {"pinball": np.zeros(wanted.shape), "inside": np.zeros(wanted.shape)}
    below = wanted[..., None] - said
    levels = np.asarray(layout.levels, np.float32)
    pinball = np.maximum(levels * below, (levels - 1) * below).mean(-1) / np.asarray(layout.sd, np.float32)
    inside = known & (said[..., 0] <= wanted) & (wanted <= said[..., -1])
    return {"pinball": np.where(known, pinball, 0), "inside": inside}
