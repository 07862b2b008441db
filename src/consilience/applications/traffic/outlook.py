"""How many vehicles the next minutes bring: plain and honest from a table of minutes.

Under ten full minutes the mean of all, from then on simple exponential smoothing (Brown 1959), whose weight is the one
that foretold the table's own minutes best; from two whole days on the same minute of the day before, scaled by how
today compares (Hyndman and Athanasopoulos 2021, "Forecasting: Principles and Practice", chapter 5). Intervals are those
of counts (Poisson), widened where the minutes scatter more than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.stats import nbinom, poisson

from consilience.applications.traffic.detections import Array

HORIZON = 10
"""Minutes ahead."""
FEW, DAY = 10, 1440
LEVEL = 0.9
WEIGHTS = (0.05, 0.1, 0.2, 0.3, 0.5)


def foresee(minutes: pl.DataFrame, horizon: int = HORIZON) -> pl.DataFrame:
    """For each direction and minute ahead: minute, direction, expected, low and high of a 90 % interval, method.

    Args:
        minutes: see `vehicles.minute_table`. A last minute that was not seen whole is counted up to a whole one when it
            is the only one, else left out.
    """
    rows: list[dict[str, Any]] = []
    for (direction,), part in minutes.group_by(["direction"], maintain_order=True):
        each = part.group_by("minute", maintain_order=True).agg(
            pl.col("count").sum(), pl.col("observed_seconds").first()
        )
        counts = each["count"].to_numpy().astype(np.float64)
        seen = each["observed_seconds"].to_numpy()
        counts = counts[seen >= 59.0] if (seen >= 59.0).any() else counts * 60 / np.maximum(seen, 1e-9)
        expected, method = _expected(counts, horizon)
        spread = max(1.0, float(counts.var(ddof=1) / counts.mean())) if len(counts) > 1 and counts.mean() else 1.0
        for ahead, value in enumerate(expected):
            low, high = _interval(float(value), spread)
            known = {"minute": int(each["minute"][-1]) + 1 + ahead, "direction": str(direction)}
            rows.append({**known, "expected": float(value), "low": low, "high": high, "method": method})
    schema = {"minute": pl.Int64, "direction": pl.String, "expected": pl.Float64, "low": pl.Float64}
    return pl.DataFrame(rows, schema={**schema, "high": pl.Float64, "method": pl.String})


def _expected(counts: Array, horizon: int) -> tuple[Array, str]:
    if len(counts) < FEW:
        return np.full(horizon, counts.mean()), "mean of all minutes"
    if len(counts) >= 2 * DAY:
        before = counts[-DAY:][np.arange(horizon) % DAY]
        today, yesterday = counts[-60:].mean(), counts[-60 - DAY : -DAY].mean()
        return before * (today / yesterday if yesterday else 1.0), "same minute of the day before"
    errors = {weight: _smoothed(counts, weight)[1] for weight in WEIGHTS}
    level, _ = _smoothed(counts, min(errors, key=lambda weight: errors[weight]))
    return np.full(horizon, level), "exponential smoothing"


def _smoothed(counts: Array, weight: float) -> tuple[float, float]:
    """Last level, and the mean squared error of foretelling each minute from those before."""
    level, errors = float(counts[: FEW // 2].mean()), []
    for count in counts[FEW // 2 :]:
        errors.append((float(count) - level) ** 2)
        level += weight * (float(count) - level)
    return level, float(np.mean(errors))


def _interval(mean: float, spread: float) -> tuple[float, float]:
    """Quantiles of a count with this mean and a variance of `spread` times the mean."""
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    if mean <= 0:
        return 0.0, float(-np.log(1 - LEVEL))  # none seen: the rule of three, for this level
    if spread <= 1.0 + 1e-9:
        found = [float(poisson.ppf(tail, mean)) for tail in tails]
    else:
        found = [float(nbinom.ppf(tail, mean / (spread - 1), 1 / spread)) for tail in tails]
    return found[0], found[1]
