"""Figures as they stand in the sentences of this chapter, in English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from consilience.evaluation import wording
from consilience.evaluation.wording import UNDEFINED

Form = Callable[[float], str]
Words = Mapping[str, Mapping[str, str]]

BETWEEN = {
    "en": {"to": "{low} to {high}", "interval": "{value} (95 % interval {between})", "list": ", "},
    "zh": {"to": "{low} 至 {high}", "interval": "{value}（95% 置信区间 {between}）", "list": "、"},
}


def percent(value: float) -> str:
    """90.3 %; more digits near 0 and 100 %."""
    near = 0 < value < 0.0095 or 0.9905 < value < 1
    return f"{100 * value:.{2 if near else 1}f} %"


def level(value: float) -> str:
    """A share that was asked for: 90 %."""
    return f"{100 * value:.6g} %"


def points(value: float) -> str:
    """A difference of two shares in percentage points, without the unit: 2.3."""
    return f"{100 * value:.{1 if value >= 0.001 or value == 0 else 2}f}"


def decimal(value: float) -> str:
    return wording.number("log_loss", value)


def cost(value: float) -> str:
    """Three digits: 0.367, 12.4, 5,120."""
    figure = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return figure.replace("-", "\u2212")


def quantity(value: float) -> str:
    return wording.number("rmse", value)


def tidy(text: str, language: str) -> str:
    """Chinese writes 90% without a space."""
    return text.replace(" %", "%") if language == "zh" else text


def shown(form: Form, value: float | None) -> str:
    """The figure, a dash where it is undefined, ∞ where it has no end."""
    if value is None or math.isnan(value):
        return UNDEFINED
    return form(value) if math.isfinite(value) else ("∞" if value > 0 else "−∞")


def ends(score: Mapping[str, Any], form: Form, language: str) -> str:
    """ "88.1 to 92.0 %", or "" without an interval that has a width."""
    low, high = shown(form, score.get("low")), shown(form, score.get("high"))
    if UNDEFINED in (low, high) or low == high == shown(form, score.get("value")):
        return ""
    low = low.removesuffix(" %") if high.endswith(" %") else low
    return tidy(BETWEEN[language]["to"].format(low=low, high=high), language)


def measured(score: Mapping[str, Any], form: Form, language: str) -> str:
    """ "90.3 % (95 % interval 88.1 to 92.0 %)"."""
    value, between = tidy(shown(form, score.get("value")), language), ends(score, form, language)
    return BETWEEN[language]["interval"].format(value=value, between=between) if between else value


def cell(score: Mapping[str, Any], form: Form, language: str) -> str:
    """Value and, on a second line, its interval: a cell of a table."""
    between = ends(score, form, language)
    value = tidy(shown(form, score.get("value")), language)
    return f"{value}\n{between}" if between else value


def raw(score: Mapping[str, Any]) -> list[float | None]:
    """value, low, high for a downloaded table."""
    return [score.get("value"), score.get("low"), score.get("high")]
