"""Weights kept after the validation loss had risen, or a validation score that the test rows do not confirm."""

from __future__ import annotations

import math
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
    courses,
    found,
    known,
    merit,
    score_of,
)
from consilience.evaluation.language import say

KEPT = 0.15
"""Rise of the validation loss over its lowest, at the weights kept."""
LATER = 0.30
"""The same at the end of training, for weights that were not kept."""


class Overfitting:
    """Learned the training rows by heart: validation loss rose while training loss fell, or the test disappoints."""

    code: ClassVar[str] = "overfitting"
    title: ClassVar[str] = say("run_checks.title.overfitting")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        try:
            gap = self._gap(result, language)
        except NotApplicable:
            return self._curves(events, language)
        try:
            return [*gap, *self._curves(events, language)]
        except NotApplicable:
            return gap

    def _curves(self, events: Sequence[Event], language: Language) -> list[Finding]:
        kept, later, total = [], [], courses(events, 3)
        for course in total:
            lowest = min(course.valid)
            place = course.valid.index(lowest)
            if lowest <= 0 or place == len(course.valid) - 1:
                continue
            if course.kept is not None and course.kept > place and course.valid[course.kept] > lowest * (1 + KEPT):
                kept.append(course.valid[course.kept] / lowest - 1)
            elif course.valid[-1] > lowest * (1 + LATER) and course.train[-1] < course.train[place]:
                later.append(course.valid[-1] / lowest - 1)
        said = []
        for what, rises, severity in (("kept", kept, self.severity), ("later", later, "info")):
            if rises:
                rise = wording.percent(max(rises), 0, language)
                said.append(found(self.code, severity, what, language, count=len(rises), total=len(total), rise=rise))
        return said

    def _gap(self, result: Result, language: Language) -> list[Finding]:
        """The validation score against the test interval, widened by what the validation rows leave open."""
        metric, rows = str(result.get("primary")), result.get("rows") or {}
        test, valid = score_of(result.get("test"), metric), known((result.get("valid") or {}).get(metric))
        chosen = int(rows.get("valid") or rows.get("train") or 0)
        half = (test["high"] - test["low"]) / 2
        room = half * (1 + math.sqrt(int(rows.get("test") or 0) / max(chosen, 1)))
        if merit(metric) * (valid - test["value"]) <= room:
            return []
        figures = {"valid": wording.number(metric, valid, language), "test": wording.measured(metric, test, language)}
        return [
            found(self.code, self.severity, "gap", language, metric=wording.metric_name(metric, language), **figures)
        ]
