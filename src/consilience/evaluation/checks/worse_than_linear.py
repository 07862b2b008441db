"""A prediction that a linear model on the same rows beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from consilience.evaluation import wording
from consilience.evaluation.checks.base import Event, Finding, Language, NotApplicable, Result, Severity, found, known
from consilience.evaluation.language import say


class WorseThanLinear:
    """The default prediction (error) or the network alone (warning) loses to the linear reference."""

    code: ClassVar[str] = "worse_than_linear"
    title: ClassVar[str] = say("run_checks.title.worse_than_linear")
    severity: ClassVar[Severity] = "error"

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        comparison = result.get("comparison") or {}
        if not comparison.get("default_linear") and not comparison.get("network_linear"):
            raise NotApplicable("the run was not compared with a linear reference")
        default, network = comparison.get("default_linear") or {}, comparison.get("network_linear") or {}
        if default.get("verdict") == "worse":
            return [self._said("error", "default", default, language)]
        if network.get("verdict") == "worse":
            alone = result.get("predictor") != "stack"
            return [self._said("error" if alone else "warning", "network", network, language)]
        return []

    def _said(self, severity: Severity, what: str, pair: Mapping[str, Any], language: Language) -> Finding:
        metric = str(pair["metric"])
        size = wording.gap(metric, abs(known(pair.get("value"))), language=language)
        return found(self.code, severity, what, language, size=size, metric=wording.metric_name(metric, language))
