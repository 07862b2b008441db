"""Dates: standardised days for trend and order, and six positions within cycles for cyclic encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.cells import as_text, is_missing_token
from consilience.modalities.date_formats import choose_formats, epoch_unit, names_time, parse
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem
from consilience.modalities.standardise import Scale, learn_scale, standardise

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

FEATURES = (
    "days since 1970, standardised",
    "position in the year",
    "position in the month's twelve",
    "day of the month",
    "weekday, Monday 0",
    "time of day",
    "position in the hour",
)
DAY = 86_400.0


@final
class Date:
    """value float32 [N, C, 7] (see FEATURES; all but the first in [0, 1)), mask bool [N, C].

    The time on the cell's own clock counts; an offset from UTC is left out.
    """

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form(
        {"type": ["string", "number", "null"]}, plain=True, distinct=True, example=lambda facts, place: "2024-01-31"
    )

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High for date types, for text that parses as dates, and for whole numbers that are epoch times."""
        if column.dtype in (pl.Date, pl.Datetime):
            return Guess(1.0, "typed as dates")
        if column.dtype.is_numeric():
            unit = epoch_unit(column)
            if unit is None or not (unit == "yyyymmdd" or names_time(column.name)):
                return Guess(0.0, "numbers" if unit is None else "could be times, but the name does not say so")
            return Guess(0.85, f"every value is a plausible time ({unit})")
        if column.dtype != pl.String or not len(column):
            return Guess(0.0, "no dates")
        text = as_text(column)
        text = text.filter(text.is_not_null() & ~is_missing_token(text).fill_null(True))
        if not len(text):
            return Guess(0.0, "every cell is empty")
        formats = choose_formats(text, certain=True)
        share = float(np.isfinite(parse(text, formats)).mean()) if formats else 0.0
        return Guess(0.95 * share**2, f"{share:.0%} of the cells read as dates ({', '.join(formats) or 'no format'})")

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; format [C] lists of format names (`date_formats.FORMATS`); mean, std [C], days."""
        formats, scales = [], []
        for series in columns.values():
            chosen = choose_formats(series)
            seconds = parse(series, chosen)
            formats.append(chosen)
            scales.append(learn_scale(seconds[np.isfinite(seconds)] / DAY))
        return {
            "columns": list(columns),
            "format": formats,
            "mean": [scale.mean for scale in scales],
            "std": [scale.std for scale in scales],
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        value = np.zeros((rows, len(facts["columns"]), len(FEATURES)), np.float32)
        mask = np.zeros(value.shape[:2], bool)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            seconds = parse(columns[name], facts["format"][place])
            known = np.isfinite(seconds)
            mask[:, place] = known
            value[known, place] = _features(seconds[known], Scale(facts["mean"][place], facts["std"][place]))
            problems += _unread(columns[name], known)
        return Prepared({"value": value, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


def _features(seconds: np.ndarray[Any, Any], scale: Scale) -> np.ndarray[Any, Any]:
    """float32 [n, 7] of seconds since 1970 [n]."""
    moment = np.floor(seconds).astype("datetime64[s]")
    day, month, year = (moment.astype(f"datetime64[{unit}]") for unit in "DMY")
    clock = (moment - day).astype(np.int64)
    in_year = (moment - year).astype(np.float64)
    year_length = ((year + 1).astype("datetime64[s]") - year.astype("datetime64[s]")).astype(np.float64)
    fractions = np.stack(
        [
            in_year / year_length,
            (month - year).astype(np.int64) / 12,
            (day - month).astype(np.int64) / 31,
            (day.astype(np.int64) + 3) % 7 / 7,
            clock / DAY,
            clock % 3600 / 3600,
        ],
        axis=1,
    )
    below_one = np.minimum(fractions, np.nextafter(np.float32(1), np.float32(0)))  # rounding must not reach 1
    return np.column_stack([standardise(seconds / DAY, scale), below_one]).astype(np.float32)


def _unread(series: pl.Series, known: np.ndarray[Any, Any]) -> list[Problem]:
    cells = series if series.dtype == pl.Binary else as_text(series)
    bad = ~known & cells.is_not_null().to_numpy()
    if bad.any() and series.dtype != pl.Binary:
        bad &= ~is_missing_token(cells).fill_null(False).to_numpy()
    return count_problem("not_a_date", series.name, "cell is no date and counts as missing", bad, cells)
