"""Quantiles of forecasts that hold as many true values as they promise, by their widths on validation windows.

Conformalised quantile regression (Romano, Patterson & Candès 2019, "Conformalized quantile regression"): how far true
values of validation windows lie outside a pair of quantiles says by how much the pair must be moved apart, or together.
The distance is counted in widths of the pair (CQR-r; Sesia & Candès 2020), so that one number serves targets and
entities of any size; there is one for each pair and each stretch of the horizon. Windows overlap and the future may
differ from the validation steps, so what is promised is an aim, not a bound. Only NumPy: serving uses this.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.data.forecast_layout import Layout

Array = np.ndarray[Any, Any]
State = dict[str, Any]

STRETCHES = 8
"""Most stretches of the horizon with shifts of their own."""
TOGETHER = -0.45
"""Furthest that the ends of a pair move towards each other, in widths: at −0.5 they would meet."""
SLIM = 1e-3
"""Added to a width, in standard deviations of the target: a band of no width can be widened too."""
CHUNK = 512
FEWEST = 10
"""Windows below which nothing is changed."""


def fit_bands(layout: Layout, predictions: Array, target: Array, weight: Array) -> State:
    """How quantiles are moved, as plain JSON values for `calibrate`.

    Args:
        predictions: [V, H × K' × (1 + Q)] of windows that the model did not learn from. target: [V, H × K' + K'].
        weight: [V], windows of weight 0 count nothing.
    Returns:
        {"kind": "forecast", "method": "bands" | "none", "rows", "log_loss": {}, "horizon", "targets", "sd", "levels",
        "ends": first step of each stretch but the first, "shifts": of each pair, outermost first, a number a stretch,
        in widths}.
    """
    rows = np.flatnonzero(np.asarray(weight) > 0)
    state: State = {"kind": "forecast", "method": "none", "rows": len(rows), "log_loss": {}}
    pairs = len(layout.levels) // 2
    if len(rows) < FEWEST or not pairs:
        return state
    steps = np.array_split(np.arange(layout.horizon), min(layout.horizon, STRETCHES))
    shifts = [
        [_shift(layout, (predictions, target), rows, stretch, pair) for stretch in steps] for pair in range(pairs)
    ]
    return {
        **state,
        "method": "bands",
        "horizon": layout.horizon,
        "targets": len(layout.places),
        "sd": list(layout.sd),
        "levels": list(layout.levels),
        "ends": [int(stretch[0]) for stretch in steps[1:]],
        "shifts": shifts,
    }


def _shift(layout: Layout, given: tuple[Array, Array], rows: Array, stretch: Array, pair: int) -> float:
    """The distance, in widths, that holds the promised share of the true values of these steps; 0 without any."""
    scores = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        said = layout.said(np.asarray(given[0])[part])[:, stretch].astype(np.float64)
        wanted = layout.wanted(np.asarray(given[1])[part])[:, stretch].astype(np.float64)
        low, high = said[..., 1 + pair], said[..., said.shape[-1] - 1 - pair]
        away = np.maximum(low - wanted, wanted - high) / (high - low + SLIM * np.asarray(layout.sd))
        scores.append(away[np.isfinite(wanted)])
    every = np.concatenate(scores)
    if not len(every):
        return 0.0
    promised = layout.levels[-1 - pair] - layout.levels[pair]
    share = min(1.0, promised * (1 + 1 / len(rows)))  # the correction counts windows: steps of one are not independent
    return float(max(np.quantile(every, share, method="higher"), TOGETHER))


def move_bands(state: State, predictions: Array) -> Array:
    """Predictions [N, H × K' × (1 + Q)] with their quantiles moved, float64; points stay, quantiles rise."""
    given = np.array(predictions, np.float64)
    steps, targets = int(state["horizon"]), int(state["targets"])
    said = given.reshape(len(given), steps, targets, -1)
    stretch = np.searchsorted(np.asarray(state["ends"]), np.arange(steps), side="right")
    slim = SLIM * np.asarray(state["sd"])
    for pair, shifts in enumerate(state["shifts"]):
        low, high = said[..., 1 + pair].copy(), said[..., said.shape[-1] - 1 - pair].copy()
        move = np.asarray(shifts)[stretch][:, None] * (high - low + slim)
        said[..., 1 + pair], said[..., said.shape[-1] - 1 - pair] = low - move, high + move
    said[..., 1:] = np.sort(said[..., 1:], axis=-1)  # pairs that cross are put in order (Chernozhukov et al. 2010)
    return said.reshape(len(given), -1)
