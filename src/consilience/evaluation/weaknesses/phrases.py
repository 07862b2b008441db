"""Figures, metrics and literals in words, in both languages: what every chapter about weaknesses shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.analysis import Language

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "measured": "{value} (95 % interval {low} to {high})",
        "interval": "(95 % interval ",
        "points": "{value} points",
        "and": " and ",
        "missing": "{name} missing",
        "is": "{name} is {value}",
        "below": "{name} below {high}",
        "from": "{name} from {low}",
        "between": "{name} from {low} to below {high}",
        "value": "“{column}”",
        "presence": "“{column}”",
        "length": "length of “{column}” in characters",
        "script": "script of “{column}”",
        "brightness": "brightness of “{column}” (0 to 1)",
        "motion": "motion in “{column}” (0 to 1)",
        "contrast": "contrast of “{column}” (0 to 1)",
        "seconds": "seconds of “{column}”",
        "loudness": "loudness of “{column}” in dB",
        "steps": "steps of “{column}”",
        "mean": "mean of “{column}” in SD of the training rows",
        "spread": "spread of “{column}” in SD of the training rows",
        "other": "other",
    },
    "zh": {
        "measured": "{value}（95% 区间 {low} 至 {high}）",
        "interval": "（95% 区间 ",
        "points": "{value} 个百分点",
        "and": "且",
        "missing": "{name}缺失",
        "is": "{name}为 {value}",
        "below": "{name}低于 {high}",
        "from": "{name}不低于 {low}",
        "between": "{name}不低于 {low} 且低于 {high}",
        "value": "“{column}”",
        "presence": "“{column}”",
        "length": "“{column}”的字符数",
        "script": "“{column}”的文字",
        "brightness": "“{column}”的亮度（0 至 1）",
        "motion": "“{column}”的运动量（0 至 1）",
        "contrast": "“{column}”的对比度（0 至 1）",
        "seconds": "“{column}”的秒数",
        "loudness": "“{column}”的响度（dB）",
        "steps": "“{column}”的步数",
        "mean": "“{column}”的均值（训练行的标准差）",
        "spread": "“{column}”的离散程度（训练行的标准差）",
        "other": "其他",
    },
}


def metric_words(metric: str, language: Language) -> str:
    return wording.metric_name(metric, language)


def size(metric: str, value: float | None, language: Language, signed: bool = True) -> str:
    """A difference, with its unit: "−13.0 points"."""
    if value is None:
        return wording.UNDEFINED
    text = wording.gap(metric, value, signed and value != 0)
    return WORDS[language]["points"].format(value=text.removesuffix(" points")) if text.endswith(" points") else text


def measured(metric: str, score: Mapping[str, Any] | None, language: Language, gap: bool = False) -> str:
    """A value, or a difference, with its interval."""
    if score is None or score.get("value") is None:
        return wording.UNDEFINED
    ends = [score.get(k) for k in ("value", "low", "high")]
    if gap:
        value, low, high = (size(metric, v, language) for v in ends)
        unit = WORDS[language]["points"].format(value="")
        low = low.removesuffix(unit)
    else:
        value, low, high = (wording.number(metric, v) for v in ends)
        low = low.removesuffix(" %") if high.endswith(" %") else low
    return value if ends[1] is None else WORDS[language]["measured"].format(value=value, low=low, high=high)


def two_lines(metric: str, score: Mapping[str, Any] | None, language: Language, gap: bool = False) -> str:
    """The same for the cell of a table: the interval in small print under the value."""
    value, _, rest = measured(metric, score, language, gap).partition(WORDS[language]["interval"])
    return f"{value.strip()}\n{rest.rstrip('）)')}" if rest else value


def literal_words(literal: Mapping[str, Any], language: Language) -> str:
    """A literal as JSON (`literals.Literal`) in words."""
    words = WORDS[language]
    name = words[literal["what"]].format(column=literal["column"])
    low, high, value = (literal.get(k) for k in ("low", "high", "value"))
    if value is not None:
        return words["is"].format(name=name, value=f"“{value}”")
    if low is None and high is None:
        return words["missing"].format(name=words["value"].format(column=literal["column"]))
    pattern = "between" if low is not None and high is not None else "below" if low is None else "from"
    dated = bool(literal.get("date"))
    return words[pattern].format(name=name, low=_end(low, dated), high=_end(high, dated))


def literals_words(literals: Sequence[Mapping[str, Any]], language: Language) -> str:
    return WORDS[language]["and"].join(literal_words(literal, language) for literal in literals)


def _end(value: float | None, date: bool) -> str:
    if value is None:
        return ""
    if date:  # times of day lie on the first day of 1970
        form = "%H:%M" if 0 < value < 86_400 else "%Y-%m-%d"
        return datetime.fromtimestamp(value, UTC).strftime(form)
    return wording.number("value", value)


def chance(p: float | None) -> str:
    """A p-value: "0.013", "< 0.001"."""
    return wording.UNDEFINED if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
