"""A discipline that brought nothing, or made predictions worse."""

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


class UnusedDiscipline:
    """A discipline whose Shapley share has an interval that holds zero (info) or lies below it (warning)."""

    code: ClassVar[str] = "unused_discipline"
    title: ClassVar[str] = say("run_checks.title.unused_discipline")
    severity: ClassVar[Severity] = "warning"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        contribution = result.get("contribution") or {}
        parts = contribution.get("shapley") or contribution.get("shares") or {}
        if len(parts) < 2:
            raise NotApplicable("the contribution of two or more disciplines was not measured")
        metric = str(result.get("primary"))
        said = []
        for name in parts:
            share = score_of(parts, name)
            if share["low"] > 0:
                continue
            shown = wording.gap(metric, share["value"], True, language)
            between = wording.gap_interval(metric, share["low"], share["high"], True, language)
            what: tuple[Severity, str] = ("warning", "hurts") if share["high"] < 0 else ("info", "nothing")
            values = {"name": name, "share": shown, "between": between}
            values["metric"] = wording.metric_name(metric, language)
            said.append(found(self.code, what[0], what[1], language, **values))
        return said
