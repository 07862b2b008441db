"""What the two groups of a forecast, past and future, are made of: one sentence for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation.language import Language, say

WORDS = {
    "en": {
        "past": "“past” is the last {past} steps of {values}.",
        "own": "the forecast columns and every other column of numbers",
        "future": " “future” is what is known of the {horizon} steps ahead: {known}.",
        "calendar": "the calendar",
    },
    "zh": {
        "past": "“历史”为 {values}最近的 {past} 步。",
        "own": "被预测的列及其他数值列",
        "future": "“未来已知信息”为后 {horizon} 步中事先已知的内容：{known}。",
        "calendar": "日历",
    },
}


def forecast_halves(result: Mapping[str, Any], language: Language) -> str:
    """ "" for everything but a forecast."""
    series = (result.get("recipe") or {}).get("series") or {}
    groups = result.get("groups") or {}
    if result.get("task") != "forecast" or "past" not in groups:
        return ""
    words, comma = WORDS[language], say("sentences.list.comma", language)
    values = comma.join(str(name) for name in series.get("values") or ()) or words["own"]
    said = words["past"].format(past=series.get("past"), values=values)
    if "future" in groups:
        known = [*map(str, series.get("known") or ()), *([words["calendar"]] if series.get("calendar") else [])]
        said += words["future"].format(horizon=series.get("horizon"), known=comma.join(known))
    return said
