"""Networks that differ in nothing but their seed and disagree on what joining brought."""

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


class UnstableSeeds:
    """Synergy has another sign in some networks than the verdict, or differs between them by more than its interval."""

    code: ClassVar[str] = "unstable_seeds"
    title: ClassVar[str] = say("run_checks.title.unstable_seeds")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        contribution = result.get("contribution") or {}
        members = [known(value) for value in contribution.get("per_member") or ()]
        if len(members) < 2:
            raise NotApplicable("the contribution was not measured for two or more networks")
        synergy = score_of(contribution, "synergy")
        turned = {"helps": min(members) < 0, "hurts": max(members) > 0}.get(str(contribution.get("verdict")), False)
        if not turned and max(members) - min(members) <= synergy["high"] - synergy["low"]:
            return []
        metric = str(result.get("primary"))
        between = wording.gap_interval(metric, min(members), max(members), True, language)
        return [found(self.code, self.severity, "spread", language, members=len(members), between=between)]
