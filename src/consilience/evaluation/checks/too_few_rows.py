"""Too few test rows to tell the model from a guess."""

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
    merit,
    score_of,
)
from consilience.evaluation.language import say

LEAST = 100
"""Test rows under which every figure is rough: the interval of an accuracy of 80 % is ± 8 points."""


class TooFewRows:
    """Fewer than 100 test rows; or a score that is better than a guess, but not beyond its interval."""

    code: ClassVar[str] = "too_few_rows"
    title: ClassVar[str] = say("run_checks.title.too_few_rows")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        rows, metric = int((result.get("rows") or {}).get("test") or 0), str(result.get("primary"))
        if rows == 0:
            raise NotApplicable("there are no test rows")
        said = []
        if rows < LEAST:
            said.append(found(self.code, self.severity, "few", language, rows=rows, least=LEAST))
        floor = (((result.get("references") or {}).get("majority") or {}).get(metric) or {}).get("value")
        try:
            test, floor = score_of(result.get("test"), metric), known(floor)
        except NotApplicable:
            if said:
                return said
            raise
        worst = test["low"] if merit(metric) > 0 else test["high"]
        if merit(metric) * (test["value"] - floor) > 0 >= merit(metric) * (worst - floor):
            shown = {
                "value": wording.measured(metric, test, language),
                "floor": wording.number(metric, floor, language),
            }
            shown["metric"] = wording.metric_name(metric, language)
            said.append(found(self.code, self.severity, "floor", language, **shown))
        return said
