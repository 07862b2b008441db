"""Test rows, or a column, that told the model what it should have had to predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from consilience.evaluation.checks.base import Event, Finding, Language, NotApplicable, Result, Severity, found
from consilience.evaluation.language import say
from consilience.evaluation.leaks import leaks_of


class Leak:
    """Sums up the findings of the data that make scores too good."""

    code: ClassVar[str] = "leak"
    title: ClassVar[str] = say("run_checks.title.leak")
    severity: ClassVar[Severity] = "error"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        if result.get("findings") is None:
            raise NotApplicable("the run kept no findings of the data")
        leaks = leaks_of(result)
        if not leaks:
            return []
        severity: Severity = "error" if any(leak["severity"] == "error" for leak in leaks) else "warning"
        codes = say("sentences.list.comma", language).join(dict.fromkeys(str(leak["code"]) for leak in leaks))
        return [found(self.code, severity, "codes", language, codes=codes)]
