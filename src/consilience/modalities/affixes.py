"""Numbers written with a sign of money or a unit: "$1,234.50", "12.5 kg", "(300)", "2 days 03:00:00", "38:31:00".

A column may carry one such affix. Two of them ("3 kg", "5 lb") are two scales, and which is meant is not for us to
guess: cells with another affix than the column's stay unread, and are counted.
"""

from __future__ import annotations

import polars as pl

MONEY = (
    r"(?:(?:us|a|c|nz|hk|s|r|nt)?\$|[€£¥￥₹₩₽฿₺₫₴₦₱]"
    r"|rs\.?|kr\.?|zł|usd|eur|gbp|cny|rmb|jpy|chf|inr|aud|cad|元|円)"
)
UNIT = r"[\p{L}°µμ%‰²³″′/][\p{L}\d°µμ²³/^·*.]{0,11}(?:\s\p{L}{1,10})?"
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+"
CELL = (
    rf"^(?P<open>\()?(?P<first>[+-])?\s*(?P<before>{MONEY})?\s*(?P<second>[+-])?(?P<number>{NUMBER})"
    rf"\s*(?P<after>{MONEY}|{UNIT})?(?P<shut>\))?$"
)
SPAN = r"^(?P<sign>-)?(?P<days>\d+) days?,?(?: (?P<plus>\+)?(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{2}(?:\.\d+)?))?$"
"""Spans of time as pandas writes them: "-1 days +01:00:00" is a day less, an hour more."""
TIMER = r"^(?P<sign>-)?(?:(?P<h>\d{1,4}):)?(?P<m>\d{1,4}):(?P<s>[0-5]\d(?:\.\d+)?)$"
"""A span as a stopwatch shows it: "38:31:00", "59:30"."""
TIME_SPAN = "days h:m:s"
LAST_HOUR = 23
"""Where no first part is larger, "12:30" is a time of day."""
BOUND = r"^(\()?\s*[<>≤≥~≈＜＞]=?\s*"
"""What stands before a number that is a bound or rough: "<5", ">= 200", "~3"."""
REMARK = r"\s*(?:(?:±|\+/-)\s*\d+\.?\d*|[*†‡]{1,3}$)"
"""What is said of a number behind it: "5.1 ± 0.2", "7**"."""
ORDINALS = ("st", "nd", "rd", "th")
"""Places, not amounts."""
SHARE = 0.8
"""Least share, of the cells that carry an affix, of the one that becomes the column's."""


def read_affixed(text: pl.Series, affix: str | None = None) -> tuple[pl.Series, str]:
    """Numbers [N] of cells in which the plain ones are already known to be none.

    Args:
        text: String [N] without surrounding blanks. affix: the column's, as learned; looked for where None.

    Returns:
        Float64 [N], null where the cell is no number with the column's affix; spans are in seconds. And that affix: ""
        where no cell carries one.
    """
    low = text.str.to_lowercase()
    parts = _parts(low)
    if affix in (None, TIME_SPAN):
        parts = _with_timers(low, parts, known=affix is not None)
    found = parts["affix"].set(parts["affix"].is_in(ORDINALS), None)
    if affix is None:
        affix = _frequent(found)
    right = (found == affix) | (found == "")
    return parts["value"].set((~right).fill_null(True), None).rename(text.name), affix


def _parts(text: pl.Series) -> pl.DataFrame:
    """value Float64 and affix String [N], null where the cell has no such form."""
    cell, span = pl.col("cell").struct, pl.col("span").struct
    negative = cell.field("first").eq("-").fill_null(False) ^ cell.field("second").eq("-").fill_null(False)
    negative = negative ^ cell.field("open").is_not_null()
    value = cell.field("number").str.replace_all(",", "").cast(pl.Float64, strict=False)
    closed = cell.field("open").is_null() == cell.field("shut").is_null()
    closed &= cell.field("before").is_null() | cell.field("after").is_null()
    days, hours, minutes, seconds = (
        span.field(name).cast(pl.Float64, strict=False).fill_null(0) for name in ("days", "h", "m", "s")
    )
    clock = hours * 3600 + minutes * 60 + seconds
    back = span.field("sign").is_not_null()
    whole = pl.when(back).then(-days).otherwise(days) * 86_400
    span_seconds = whole + pl.when(back & span.field("plus").is_null()).then(-clock).otherwise(clock)
    is_span = span.field("days").is_not_null()
    frame = pl.DataFrame({"cell": text.str.extract_groups(CELL), "span": text.str.extract_groups(SPAN)})
    return frame.select(
        pl.when(is_span)
        .then(span_seconds)
        .when(closed)
        .then(pl.when(negative).then(-value).otherwise(value))
        .alias("value"),
        pl.when(is_span)
        .then(pl.lit(TIME_SPAN))
        .when(closed & cell.field("number").is_not_null())
        .then(_known_as(pl.coalesce(cell.field("before"), cell.field("after"), pl.lit(""))))
        .alias("affix"),
    )


def _with_timers(text: pl.Series, parts: pl.DataFrame, known: bool) -> pl.DataFrame:
    """`_parts` with spans such as "38:31:00" in seconds; unless they are `known` to be spans only where one of them can
    be no time of day."""
    found = text.str.extract_groups(TIMER).struct.unnest()
    if not found["m"].count():
        return parts
    part = {name: found[name].cast(pl.Float64) for name in ("h", "m", "s")}
    most = pl.select(pl.coalesce(part["h"], part["m"])).to_series().max()
    if not known and (most is None or float(most) <= LAST_HOUR):  # type: ignore[arg-type]
        return parts
    seconds = part["h"].fill_null(0) * 3600 + part["m"] * 60 + part["s"]
    seconds = seconds.set(part["h"].is_not_null() & (part["m"] >= 60), None)
    told = pl.DataFrame({"seconds": seconds, "back": found["sign"].is_not_null(), **parts.to_dict()})
    is_span = pl.col("seconds").is_not_null()
    value = pl.when(pl.col("back")).then(-pl.col("seconds")).otherwise(pl.col("seconds"))
    return told.select(
        pl.when(is_span).then(value).otherwise("value").alias("value"),
        pl.when(is_span).then(pl.lit(TIME_SPAN)).otherwise("affix").alias("affix"),
    )


def without_bounds(text: pl.Series) -> pl.Series:
    """The cells without what says that a number is a bound, rough or remarked on: "<5", "5 ± 1" and "5*" become "5"."""
    return text.str.replace(BOUND, "${1}").str.replace(REMARK, "")


def are_bounds(text: pl.Series) -> pl.Series:
    """bool [N]: cells that begin as a bound or a rough number does; null where missing."""
    return text.str.strip_chars().str.contains(BOUND)


def _known_as(affix: pl.Expr) -> pl.Expr:
    """One name of an affix: "years" and "year", "Rs." and "rs" are the same; per cent is none, as it always was."""
    short = affix.str.strip_chars(" .")
    one = pl.when(short.str.len_chars() > 3).then(short.str.strip_suffix("s")).otherwise(short)
    return pl.when(one == "%").then(pl.lit("")).otherwise(one)


def _frequent(affixes: pl.Series) -> str:
    """The affix that most cells with one carry; "" where there is none or no such majority."""
    carried = affixes.drop_nulls()
    carried = carried.filter(carried != "")
    if not len(carried):
        return ""
    counts = carried.value_counts().sort(["count", affixes.name], descending=[True, False])
    return str(counts[affixes.name][0]) if counts["count"][0] >= SHARE * len(carried) else ""
