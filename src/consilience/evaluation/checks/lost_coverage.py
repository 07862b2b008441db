"""Prediction sets or intervals that hold the truth less often than they promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from consilience.evaluation import wording
from consilience.evaluation.checks.base import (
    Event,
    Finding,
    Language,
    NotApplicable,
    Result,
    Severity,
    found,
    known,
    score_of,
)
from consilience.evaluation.language import say


class LostCoverage:
    """Conformal coverage whose interval lies below the level (warning) or above it (info)."""

    code: ClassVar[str] = "lost_coverage"
    title: ClassVar[str] = say("run_checks.title.lost_coverage")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        coverage = result.get("coverage") or {}
        if not (coverage.get("overall") or {}).get("coverage"):
            raise NotApplicable("coverage was not measured")
        level, reached = known(coverage.get("level")), score_of(coverage["overall"], "coverage")
        if reached["low"] <= level <= reached["high"]:
            return []
        values = {name: wording.percent(value, 1, language) for name, value in reached.items()}
        values["level"] = wording.percent(level, 0, language)
        below = reached["high"] < level
        return [found(self.code, "warning" if below else "info", "below" if below else "above", language, **values)]
