"""A network that learned too little: no better than a guess, or still learning when training ended."""

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

FALL = 0.05
"""Fall of the validation loss over the last tenth of the epochs that counts as still learning."""


class Underfitting:
    """Learned too little: the network is no better than a guess, or its loss still fell at the end of training."""

    code: ClassVar[str] = "underfitting"
    title: ClassVar[str] = say("run_checks.title.underfitting")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        metric = str(result.get("primary"))
        network = score_of(result.get("network"), metric)
        floor = known((((result.get("references") or {}).get("majority") or {}).get(metric) or {}).get("value"))
        if merit(metric) * (network["value"] - floor) <= 0:
            shown = {"value": wording.measured(metric, network, language)}
            shown |= {"metric": wording.metric_name(metric, language), "floor": wording.number(metric, floor, language)}
            return [found(self.code, self.severity, "floor", language, **shown)]
        return self._still_learning(events, language)

    def _still_learning(self, events: Sequence[Event], language: Language) -> list[Finding]:
        try:
            every = courses(events, 4)
        except NotApplicable:
            return []
        falls = [self._fall(course.valid) for course in every]
        falling = [fall for fall in falls if fall > FALL]
        if len(falling) <= len(falls) / 2:
            return []
        fall = wording.percent(max(falling), 0, language)
        return [found(self.code, "info", "falling", language, count=len(falling), total=len(falls), fall=fall)]

    def _fall(self, valid: list[float]) -> float:
        """Relative fall over the last tenth of the epochs; 0 when the last epoch is not the best."""
        last, before = valid[-1], valid[-1 - math.ceil(len(valid) / 10)]
        return (before - last) / before if before > 0 and last <= min(valid) else 0.0
