"""Reading dates from text and numbers. Which format a column uses is decided on the training rows.

Formats, by name:

| name | reads |
|---|---|
| ymd | 2024-03-05, 2024/3/5, 2024.3.5, 2024年3月5日, each with an optional time; ISO 8601 |
| dmy, mdy | 05/03/2024, 5.3.24, 05-03-2024 14:30; which of the two, the training rows tell |
| named | 5 March 2024, Mar 5, 2024, Tue, 05 Mar 2024 14:30:00 |
| yyyymmdd | 20240305, 20240305T143000 |
| ym | 2024-03, 2024年3月, 2024 Mar, March 2024 |
| quarter | 2024 Q1, 2024Q1, Q1/2024, 2024年第1季度; its first day |
| week | 2024-W05, 2024 W5, 2024-W05-3; its Monday where no day is named (ISO 8601) |
| clock | 14:30, 14:30:05, 2:30 pm; on 1 January 1970 |
| epoch_s, epoch_ms, epoch_us, epoch_ns | time since 1970 as a number |
| year | 2024 |
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.cells import as_number, as_text, is_missing_token

Seconds = np.ndarray[Any, np.dtype[np.float64]]

SAMPLE = 20_000
"""Training cells that decide the format."""
TIME = (
    r"(?:(?:[T\s,]\s*)(?P<H>\d{1,2})[:时点時](?P<M>\d{1,2})(?:[:分](?P<S>\d{1,2})(?:[.,]\d+)?秒?)?分?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[[:alpha:]]*\.?"
_MONTH = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?i:r?uary?|ch|il|[eyit]|ust|t?ember|ober)?\.?"
"""Without a day beside it a name must be a month's own: "Marble 2024" is none."""
_WEEKDAY = r"^(?:[[:alpha:]]{2,9}\.?,?\s+)?"
PATTERNS: dict[str, tuple[str, ...]] = {
    "ymd": (r"^(?P<y>\d{4})\s?[-/.年년]\s?(?P<m>\d{1,2})\s?[-/.月월]\s?(?P<d>\d{1,2})\s?[日일]?" + TIME + "$",),
    "dmy": (r"^(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})" + TIME + "$",),
    "mdy": (r"^(?P<m>\d{1,2})[-/. ](?P<d>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})" + TIME + "$",),
    "named": (
        _WEEKDAY + r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[-\s/]*" + _NAME + r"[-\s,/]*(?P<y>\d{4}|\d{2})" + TIME + "$",
        _WEEKDAY + _NAME + r"[-\s]+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[-\s]+(?P<y>\d{4})" + TIME + "$",
    ),
    "yyyymmdd": (r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:[T ]?(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?Z?)?$",),
    "ym": (
        r"^(?P<y>\d{4})\s?[-/.年년]\s?(?P<m>\d{1,2})\s?[月월]?$",
        r"^(?P<y>\d{4})[-\s/.,]*" + _MONTH + "$",
        "^" + _MONTH + r"[-\s/.,]*(?P<y>\d{4})$",
    ),
    "quarter": (
        r"^(?P<y>\d{4})[-\s/.]?[Qq](?P<q>[1-4])$",
        r"^[Qq](?P<q>[1-4])[-\s/.]?(?P<y>\d{4})$",
        r"^(?P<y>\d{4})年?第?(?P<q>[1-4])季度?$",
    ),
    "week": (r"^(?P<y>\d{4})[-\s]?[Ww](?P<w>\d{1,2})(?:-?(?P<wd>[1-7]))?$",),
    "clock": (
        r"^(?P<H>\d{1,2})[:时点時](?P<M>\d{2})(?:[:分](?P<S>\d{2})(?:[.,]\d+)?秒?)?分?\s*(?P<half>[AaPp]\.?[Mm]\.?)?$",
        r"^(?P<H>\d{1,2})\s*(?P<half>[AaPp]\.?[Mm]\.?)$",
    ),
    "year": (r"^(?P<y>\d{4})$",),
}
EPOCHS = {"epoch_s": 1.0, "epoch_ms": 1e3, "epoch_us": 1e6, "epoch_ns": 1e9}
PLAUSIBLE = (631_152_000.0, 2_208_988_800.0)
"""Seconds of the years 1990 to 2040: numbers that all lie between are taken for times."""
FORMATS = ("ymd", "dmy", "mdy", "named", "yyyymmdd", "ym", "quarter", "week", "clock", *EPOCHS, "year")
TIME_NAME = (
    r"(?i:time|date|stamp|epoch|unix|created|updated|modified|moment|period|since|until|when|时|日|刻|fecha|datum|zeit)"
    r"|(?:^|[_\W])(?i:ts|at|on|dt|day|start|end|begin|utc|gmt)(?:$|[_\W\d])"
)
UNCERTAIN = ("year",)
"""Formats that any number could be: used where the column is known to hold dates, never to recognise one."""


def parse(series: pl.Series, formats: list[str]) -> Seconds:
    """Seconds since 1970 on the cell's own clock, float64 [N]; NaN where no format reads the cell."""
    if series.dtype in (pl.Date, pl.Datetime):
        return _typed(series)
    text = as_text(series)
    seconds = np.full(len(text), np.nan)
    for name in formats:
        rest = np.flatnonzero(np.isnan(seconds))
        if not len(rest):
            break
        seconds[rest] = read_format(text if len(rest) == len(text) else text.gather(rest), name)
    return seconds


def read_format(text: pl.Series, name: str) -> Seconds:
    """Seconds since 1970 of every cell that the one format reads; NaN elsewhere."""
    if name in EPOCHS:
        values = as_number(text).to_numpy().astype(np.float64) / EPOCHS[name]
        return np.where(np.abs(values) < 2.5e11, values, np.nan)  # about the year 9900
    seconds = np.full(len(text), np.nan)
    for pattern in PATTERNS[name]:
        found = _matched(text, pattern)
        seconds = np.where(np.isnan(seconds), found, seconds)
    return seconds


def choose_formats(series: pl.Series, certain: bool = False) -> list[str]:
    """Names of the formats that read a column's cells, the most frequent first.

    Day and month order is the one that reads more cells; where both read all, the part with fewer distinct
    values is the day (monthly data) and otherwise the day stands first.
    """
    if series.dtype in (pl.Date, pl.Datetime):
        return ["ymd"]
    if series.dtype.is_numeric():
        unit = epoch_unit(series)
        return [unit or _number_format(series)]
    text = as_text(series)
    text = text.filter(text.is_not_null() & ~is_missing_token(text).fill_null(True))
    text = text.gather_every(max(1, -(-len(text) // SAMPLE)))
    whole, chosen = len(text), list[str]()
    while len(text) > 0.005 * whole:
        rivals = [n for n in FORMATS if n not in chosen and not (certain and n in UNCERTAIN)]
        if {"dmy", "mdy"} & set(chosen):
            rivals = [n for n in rivals if n not in ("dmy", "mdy")]
        read = {name: _reads(text, name) for name in rivals}
        best = max(read, key=lambda n: int(read[n].sum()))  # ties: the order of FORMATS
        if not read[best].any() or read[best].sum() < 0.005 * whole:
            break
        if best == "dmy" and read["mdy"].sum() == read["dmy"].sum():
            best = _day_or_month_first(text)
        chosen.append(best)
        text = text.filter(pl.Series(~read[best]))
    return chosen


def names_time(name: str) -> bool:
    """Whether a column's name speaks of time. Numbers of the size of epoch times may be anything else.

    Example:
        >>> [names_time(name) for name in ("created_at", "eventTime", "ts", "position_long", "amount")]
        [True, True, True, False, False]
    """
    return re.search(TIME_NAME, name) is not None


def epoch_unit(series: pl.Series) -> str | None:
    """The format of a numeric column whose every value is a time of 1990 to 2040 or a day like 20240305."""
    values = as_number(series).drop_nulls()
    if not len(values) or not (values == values.round()).all():
        return None
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    for name, unit in EPOCHS.items():
        if PLAUSIBLE[0] <= low / unit and high / unit <= PLAUSIBLE[1]:
            return name
    if low >= 19_000_101 and high <= 21_001_231 and np.isfinite(read_format(as_text(values), "yyyymmdd")).all():
        return "yyyymmdd"
    return None


def _number_format(series: pl.Series) -> str:
    """What a numeric column of dates holds: years where every value lies in 1000 to 2999, else seconds."""
    values = as_number(series).drop_nulls()
    years = len(values) > 0 and bool(values.is_between(1000, 2999).all())
    return "year" if years else "epoch_s"


def _reads(text: pl.Series, name: str) -> np.ndarray[Any, Any]:
    """bool [n]. Numbers in text count as times only within the plausible years."""
    seconds = read_format(text, name)
    if name in EPOCHS:
        return (seconds >= PLAUSIBLE[0]) & (seconds <= PLAUSIBLE[1])
    return np.isfinite(seconds)


def _day_or_month_first(text: pl.Series) -> str:
    parts = text.str.extract_groups(PATTERNS["dmy"][0]).struct.unnest()
    return "mdy" if parts["m"].n_unique() < parts["d"].n_unique() else "dmy"


def _typed(series: pl.Series) -> Seconds:
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        series = series.dt.replace_time_zone(None)
    micro = series.cast(pl.Datetime("us")).to_physical()
    return micro.to_numpy().astype(np.float64) / 1e6 if not micro.null_count() else _nullable(micro)


def _nullable(micro: pl.Series) -> Seconds:
    values = micro.cast(pl.Float64).to_numpy() / 1e6
    return np.asarray(values, np.float64)


def _matched(text: pl.Series, pattern: str) -> Seconds:
    """Seconds since 1970 of the cells that match `pattern`; NaN for no match or no such day."""
    parts = text.str.extract_groups(pattern).struct.unnest()
    if "w" in parts.columns:
        return _week_seconds(parts)
    if "name" in parts.columns:
        months = (
            pl.col("name")
            .str.to_lowercase()
            .replace_strict(list(MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int64)
        )
        parts = parts.with_columns(months.alias("m"))
    fields = {
        key: _integers(parts[key]) if key in parts.columns else np.full(len(text), -1)
        for key in ("y", "m", "d", "H", "M", "S")
    }
    matched = fields["y" if "y" in parts.columns else "H"] >= 0
    day = np.where(fields["d"] < 0, 1, fields["d"]) if "d" not in parts.columns else fields["d"]
    hour = _clock_hour(fields["H"], parts)
    clock = (hour, np.maximum(fields["M"], 0), np.maximum(fields["S"], 0))
    if "y" not in parts.columns:
        matched &= (hour < 24) & _on_the_dial(fields["H"], parts)
    return _civil_seconds(matched, _year(fields["y"], parts), _month(fields["m"], parts), day, *clock)


def _week_seconds(parts: pl.DataFrame) -> Seconds:
    """The Monday, or the day named, of an ISO 8601 week; NaN for a week that the year lacks."""
    day = pl.concat_str(pl.col("y"), pl.lit("-W"), pl.col("w").str.zfill(2), pl.lit("-"), pl.col("wd").fill_null("1"))
    known = pl.when(pl.col("y") != "0000").then(day)
    return _typed(parts.select(known.str.to_date("%G-W%V-%u", strict=False)).to_series())


def _year(year: np.ndarray[Any, Any], parts: pl.DataFrame) -> np.ndarray[Any, Any]:
    if "y" not in parts.columns:
        return np.full(len(parts), 1970)
    short = (parts["y"].str.len_chars() == 2).fill_null(False).to_numpy()
    return year + np.where(short, np.where(year < 69, 2000, 1900), 0)


def _month(month: np.ndarray[Any, Any], parts: pl.DataFrame) -> np.ndarray[Any, Any]:
    if "q" in parts.columns:
        return 3 * _integers(parts["q"]) - 2
    return month if "m" in parts.columns else np.ones(len(parts), np.int64)


def _on_the_dial(hour: np.ndarray[Any, Any], parts: pl.DataFrame) -> np.ndarray[Any, Any]:
    """False for 14 pm and 0 am."""
    return parts["half"].is_null().to_numpy() | ((hour >= 1) & (hour <= 12))


def _clock_hour(hour: np.ndarray[Any, Any], parts: pl.DataFrame) -> np.ndarray[Any, Any]:
    hour = np.maximum(hour, 0)
    if "half" not in parts.columns:
        return hour
    half = parts["half"].str.slice(0, 1).str.to_lowercase()
    afternoon, morning = (half == "p").fill_null(False).to_numpy(), (half == "a").fill_null(False).to_numpy()
    hour = np.where(afternoon & (hour < 12), hour + 12, hour)
    return np.where(morning & (hour == 12), 0, hour)


def _integers(series: pl.Series) -> np.ndarray[Any, Any]:
    return series.cast(pl.Int64).fill_null(-1).to_numpy()


def _civil_seconds(matched: Any, year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any) -> Seconds:
    """Calendar fields [n] → seconds; NaN for 30 February, month 13, hour 25 or year 0."""
    valid = matched & (year > 0) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    valid &= (hour <= 24) & (minute < 60) & (second <= 60)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    valid &= days.astype("datetime64[M]") == months
    seconds = days.astype(np.int64) * 86_400.0 + hour * 3600 + minute * 60 + second
    return np.where(valid, seconds, np.nan)
