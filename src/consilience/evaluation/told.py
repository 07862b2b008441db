"""Findings as a reader of the report's language reads them.

A finding of the data is a sentence that its check wrote in English. In another language its title and its meaning come
from the catalogue, by code, and the English sentence follows as a detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from consilience.core.events import Event
from consilience.core.registry import names
from consilience.evaluation.checks.base import check_result
from consilience.evaluation.language import Language, known, say

SEVERITIES = ("error", "warning", "info")


class Told(NamedTuple):
    """severity: error, warning or info; tag: the same as a word. why: what it means ("" in English). detail: the
    check's own sentence. foreign: whether the detail is in English on a page that is not.
    """

    severity: str
    tag: str
    code: str
    title: str
    why: str
    detail: str
    foreign: bool


def tell(finding: Mapping[str, Any], language: Language) -> Told:
    """One finding of `metrics.json`."""
    severity = str(finding.get("severity"))
    severity = severity if severity in SEVERITIES else "info"
    code, title, why = str(finding.get("code")), str(finding.get("title")), ""
    foreign = language != "en" and code not in names("run_check")
    if foreign and known(f"data_findings.title.{code}"):
        title = say(f"data_findings.title.{code}", language)
        why = say(f"data_findings.why.{code}", language)
    tag = say(f"names.severity.{severity}", language)
    return Told(severity, tag, code, title, why, str(finding.get("message")), foreign)


def findings_in(result: Mapping[str, Any], events: Sequence[Event], language: Language) -> list[Mapping[str, Any]]:
    """The findings of a result; those of the run's own checks worded again in the language."""
    stored = list(result.get("findings") or ())
    own = names("run_check")
    if language == "en" or not any(finding.get("code") in own for finding in stored):
        return stored
    again, _ = check_result(result, events, language)
    return [*(f for f in stored if f.get("code") not in own), *(finding._asdict() for finding in again)]


def tell_all(findings: Sequence[Mapping[str, Any]], language: Language) -> list[Told]:
    """Errors first."""
    told = [tell(finding, language) for finding in findings]
    return sorted(told, key=lambda finding: SEVERITIES.index(finding.severity))
