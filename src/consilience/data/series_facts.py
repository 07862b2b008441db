"""What is learned of a panel from its training steps: scale of each target, season, calendar; plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from consilience.core.errors import InputError
from consilience.data.frequency import DAY, YEAR, calendar_names, seasons
from consilience.data.panel import Panel

Array = np.ndarray[Any, Any]

SEASON_STEPS = 200_000
"""Most steps that the choice of the season looks at."""
SMALLEST = 1e-8


def learn_scales(panel: Panel, places: Sequence[int], season: int) -> dict[str, Any]:
    """Mean and standard deviation of each target over the training steps, and the mean absolute error of "as a season
    ago" within each entity, which MASE divides by (Hyndman & Koehler 2006).

    Args:
        places: positions of the targets among the panel's values.
    Raises:
        InputError: where a target has no value in the training steps.
    """
    train = np.where((panel.part == 0)[:, None], panel.values[:, places], np.float32(np.nan))
    known = np.isfinite(train).any(0)
    if not known.all():
        raise InputError(
            "a target has no value in the training steps", where=f"target number {int(known.argmin()) + 1}"
        )
    deviation = np.nanstd(train, axis=0, dtype=np.float64)
    errors = _naive_errors(panel, train, season)
    usual = _mean(errors)
    usual = np.where(usual > SMALLEST, usual, np.where(deviation > SMALLEST, deviation, 1.0))
    scale = np.where(np.isfinite(errors) & (errors > SMALLEST), errors, usual)
    return {
        "mean": np.nanmean(train, axis=0, dtype=np.float64).tolist(),
        "sd": np.where(deviation > SMALLEST, deviation, 1.0).tolist(),
        "naive_error": dict(zip(panel.names, scale.tolist(), strict=True)),
        "naive_error_usual": usual.tolist(),
    }


def _naive_errors(panel: Panel, values: Array, season: int) -> Array:
    """[E, K'] mean |x(t) − x(t − season)| of each entity; NaN where there is none."""
    gap = np.abs(values[season:] - values[:-season]) if len(values) > season else np.zeros((0, values.shape[1]))
    entity = panel.entity
    same = entity[season:] == entity[:-season]
    gap = np.where(same[:, None], gap, np.nan)
    found = np.full((len(panel.names), values.shape[1]), np.nan)
    ends = np.searchsorted(entity[season:], np.arange(len(panel.names) + 1))
    for e, (start, end) in enumerate(pairwise(ends)):
        found[e] = _mean(gap[start:end])
    return found


def _mean(values: Array) -> Array:
    """Mean over the first axis of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0).sum(0, dtype=np.float64)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def choose_season(panel: Panel, places: Sequence[int], horizon: int, past: int) -> int:
    """The season whose repetition foretells the training steps best, 1 (repeat the last value) among the candidates; no
    season is longer than the past that is read."""
    rows = np.flatnonzero(panel.part == 0)[:SEASON_STEPS]
    values, entity = panel.values[rows][:, places], panel.entity[rows]
    spread = np.nanstd(values, axis=0)
    values = values / np.where(spread > SMALLEST, spread, 1.0)
    best, least = 1, np.inf
    for season in [1, *(n for n in seasons(panel.grid) if n <= past)]:
        errors = []
        for ahead in np.unique(np.linspace(1, horizon, min(horizon, 6)).astype(int)):
            lag = int(season * -(-ahead // season)) if season > 1 else int(ahead)
            if lag < len(values):
                gap = np.abs(values[lag:] - values[:-lag])[entity[lag:] == entity[:-lag]]
                errors.append(float(_mean(gap.reshape(-1))))
        error = float(np.mean(errors)) if errors else np.inf
        if error < 0.98 * least:  # a season must earn its place
            best, least = season, error
    return best


def learn_calendar(panel: Panel) -> list[str]:
    """Names of the calendar features that the training steps can teach; see `frequency.calendar`."""
    times = panel.time[panel.part == 0]
    years = float(np.ptp(times)) / YEAR if panel.grid.dates and len(times) else 0.0
    span = years * YEAR / DAY
    return [n for n in calendar_names(panel.grid, years) if not n.endswith("week") or span >= 14]
