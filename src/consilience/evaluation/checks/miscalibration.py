"""Probabilities that do not mean what they say."""

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
    score_of,
)
from consilience.evaluation.language import say

MOST = 0.05
"""Expected calibration error that is surely exceeded."""


class Miscalibration:
    """Expected calibration error whose whole interval lies above 0.05 (Guo et al. 2017)."""

    code: ClassVar[str] = "miscalibration"
    title: ClassVar[str] = say("run_checks.title.miscalibration")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        if not (result.get("calibration") or {}).get("ece"):
            raise NotApplicable("calibration was not measured")
        error = score_of(result["calibration"], "ece")
        if error["low"] <= MOST:
            return []
        return [
            found(self.code, self.severity, "ece", language, ece=wording.measured("ece", error, language), most=MOST)
        ]
