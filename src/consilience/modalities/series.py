"""Series: numbers in the order of time inside one cell, of one channel or several, regular or not.

A cell is a list of numbers, a list of lists (time × channels), a list of {time, value} or [time, value …] steps, or
text of any of these. What a row of the table says of one moment is a number; what it says of many is a series.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem
from consilience.modalities.series_score import score_series
from consilience.modalities.series_steps import Steps, read_steps
from consilience.modalities.standardise import LARGEST, learn_scale

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

LONGEST = 1024
"""Most steps kept of a cell unless the recipe says more."""
SHORTEST = 4
COVERED = 0.99
"""Share of the training cells that are kept whole, in length and in channels."""
MEASURED = 1_000_000
"""Points of a channel that its mean and deviation are learned from."""
FARTHEST = 100.0
"""Standardised values are clipped here: a window may lie far from the training rows' level and still have a shape."""
LONGEST_GAP = 10_000.0
"""Gaps are clipped here, median steps."""
STEP = 8
"""A batch is cut to a multiple of this many steps."""
DAY, WEEK = 86_400.0, 604_800.0
MONDAY = 4 * DAY
"""1970 began on a Thursday."""


def _example(facts: Mapping[str, Any], place: int) -> str:
    """Four steps around the training rows' mean, as JSON."""
    both = list(zip(facts["mean"][place], facts["std"][place], strict=True))
    steps = [[float(f"{mean + deviations * std:.4g}") for mean, std in both] for deviations in (0, 0.5, 0, -0.5)]
    return json.dumps(steps if len(both) > 1 else [step[0] for step in steps])


@final
class Series:
    """value float32 [N, C, L, K] in standard deviations, 0 where not observed; observed bool [N, C, L, K]; mask bool
    [N, C, L], the cell's steps, a prefix of True; gap float32 [N, C, L], time since the step before in median steps.

    C columns, L steps, K channels, the most of any column. Longer cells keep their newest L steps. A step within a
    cell without any value is a gap: mask True, observed False; missing steps at a cell's end are padding. Where cells
    carry times there is also calendar float32 [N, C, 2]: position of the last step in its day and in its week, 0..1.
    """

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form(
        {"type": ["array", "string", "null"], "description": "numbers in the order of time: [1, 2, 3]"},
        "series",
        lists=True,
        opaque=True,
        recurs=False,
        distinct=True,
        example=_example,
    )

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High for lists of measured numbers and for text of at least four numbers a cell; low for sets of codes."""
        return score_series(column)

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; channels [C]; mean, std [C][channels]; length L; step [C], median seconds between two steps,
        None without times; fields [C], names of channels or None; calendar, whether there is a time of day."""
        limit = settings.max_steps or LONGEST
        facts: Facts = {"columns": list(columns), "channels": [], "mean": [], "std": [], "step": [], "fields": []}
        length, calendar = SHORTEST, False
        for series in columns.values():
            steps = tidy(read_steps(series))
            counts = steps.counts[steps.counts > 0]
            length = max(length, math.ceil(np.quantile(counts, COVERED))) if len(counts) else length
            channels = _channels(steps)
            scales = [learn_scale(_points(steps.values[:, channel])) for channel in range(channels)]
            facts["channels"].append(channels)
            facts["mean"].append([scale.mean for scale in scales])
            facts["std"].append([scale.std for scale in scales])
            facts["step"].append(_median_step(steps))
            facts["fields"].append(None if steps.fields is None else steps.fields[:channels])
            calendar = calendar or steps.times is not None
        return {**facts, "length": int(min(limit, length)), "calendar": calendar}

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows, places = len(next(iter(columns.values()))), len(facts["columns"])
        value = np.zeros((rows, places, facts["length"], max(facts["channels"])), np.float32)
        observed = np.zeros(value.shape, bool)
        gap = np.zeros(value.shape[:3], np.float32)
        mask = np.zeros(gap.shape, bool)
        calendar = np.zeros((rows, places, 2), np.float32)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            steps = read_steps(columns[name], facts["fields"][place])
            problems += _problems(columns[name], steps, facts["channels"][place])
            steps = tidy(steps)
            _fill(steps, facts, place, (value, observed, mask, gap))
            if steps.times is not None:
                calendar[:, place] = _calendar(steps)
        arrays = {"value": value, "observed": observed, "mask": mask, "gap": gap}
        return Prepared({**arrays, "calendar": calendar} if facts["calendar"] else arrays, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut to the longest series of the batch, rounded up to a multiple of 8 steps."""
        mask = arrays["mask"]
        used = np.flatnonzero(mask.reshape(-1, mask.shape[-1]).any(axis=0))
        longest = int(used[-1]) + 1 if len(used) else 1
        length = min(mask.shape[-1], -(-longest // STEP) * STEP)
        return {name: array if name == "calendar" else array[:, :, :length] for name, array in arrays.items()}


def tidy(steps: Steps) -> Steps:
    """Steps in the order of their times, without the missing steps at the end of each row."""
    if steps.times is not None:
        since = np.where(np.isnan(steps.times), -np.inf, steps.times)
        timed = np.bincount(steps.rows[np.isnan(steps.times)], minlength=len(steps.counts)) == 0
        order = np.lexsort((np.where(timed[steps.rows], since, 0), steps.rows))  # stable: equal times keep their order
        steps = Steps(steps.values[order], steps.times[order], steps.counts, steps.bad, steps.partly, steps.fields)
    seen, rows, places = np.isfinite(steps.values).any(1), steps.rows, steps.places
    counts = np.zeros(len(steps.counts), np.int64)
    np.maximum.at(counts, rows[seen], places[seen] + 1)
    kept = places < counts[rows]
    times = None if steps.times is None else steps.times[kept]
    return Steps(steps.values[kept], times, counts, steps.bad, steps.partly, steps.fields)


def _channels(steps: Steps) -> int:
    """Channels that nearly every row keeps to: one broken cell of a thousand values must not widen all others."""
    seen = np.isfinite(steps.values)
    highest = np.zeros(len(steps.counts), np.int64)
    last = np.where(seen.any(1), seen.shape[1] - np.argmax(seen[:, ::-1], axis=1), 0)
    np.maximum.at(highest, steps.rows, last)
    highest = highest[highest > 0]
    return int(np.quantile(highest, COVERED, method="lower")) if len(highest) else 1


def _points(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The observed points of a channel, at most some MEASURED of them."""
    sample = values[:: max(1, len(values) // MEASURED)]
    found: np.ndarray[Any, Any] = sample[np.isfinite(sample)]
    return found


def _between(steps: Steps) -> np.ndarray[Any, Any]:
    """float64 [S]: seconds since the step before in the same row; NaN for a row's first step and unknown times."""
    assert steps.times is not None
    return np.where(steps.places > 0, np.diff(steps.times, prepend=np.nan), np.nan)


def _median_step(steps: Steps) -> float | None:
    if steps.times is None:
        return None
    between = _between(steps)
    between = between[np.isfinite(between) & (between > 0)]
    return float(np.median(between)) if len(between) else None


def _fill(steps: Steps, facts: Facts, place: int, arrays: tuple[np.ndarray[Any, Any], ...]) -> None:
    """Write a column's steps into (value, observed, mask, gap) in place, the newest `length` of each row."""
    value, observed, mask, gap = arrays
    channels = min(facts["channels"][place], steps.values.shape[1])
    rows, places = steps.rows, steps.places
    places = places - np.maximum(steps.counts - facts["length"], 0)[rows]
    kept = places >= 0
    rows, places = rows[kept], places[kept]
    numbers = np.clip(steps.values[kept, :channels], -LARGEST, LARGEST)
    mean, std = (np.array(facts[key][place][:channels]) for key in ("mean", "std"))
    standard = np.clip((numbers - mean) / std, -FARTHEST, FARTHEST)
    value[rows, place, places, :channels] = np.nan_to_num(standard)
    observed[rows, place, places, :channels] = np.isfinite(standard)
    mask[rows, place, places] = True
    gap[rows, place, places] = 1.0
    if steps.times is not None and facts["step"][place]:
        apart = _between(steps)[kept] / facts["step"][place]
        gap[rows, place, places] = np.clip(np.where(np.isfinite(apart), apart, 1.0), 0.0, LONGEST_GAP)


def _calendar(steps: Steps) -> np.ndarray[Any, Any]:
    """float32 [N, 2]: position of each row's last step in its day and its week, 0..1; 0 where it has no time."""
    assert steps.times is not None
    found = np.zeros((len(steps.counts), 2), np.float32)
    filled = np.flatnonzero(steps.counts > 0)
    last = steps.times[np.cumsum(steps.counts)[filled] - 1]
    positions = np.stack([last % DAY / DAY, (last - MONDAY) % WEEK / WEEK], 1)
    below_one = np.nextafter(np.float32(1), np.float32(0))  # rounding must not reach 1
    found[filled] = np.minimum(np.nan_to_num(positions), below_one)
    return found


def _problems(series: pl.Series, steps: Steps, channels: int) -> list[Problem]:
    wide = np.zeros(len(steps.counts), bool)
    if steps.values.shape[1] > channels:
        wide[steps.rows[np.isfinite(steps.values[:, channels:]).any(1)]] = True
    name = series.name
    return [
        *count_problem("not_a_series", name, "cell is no series and counts as missing", steps.bad, series),
        *count_problem("unread_points", name, "points that are no numbers count as missing", steps.partly, series),
        *count_problem(
            "too_many_channels", name, f"channels beyond the {channels} of the training rows are left out", wide, series
        ),
    ]
