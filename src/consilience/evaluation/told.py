"""Findings as a reader of the report's language reads them.

A finding of the data is a sentence that its check wrote in English. In another language its title and its meaning come
from the catalogue, by code, and the English sentence follows as a detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
    foreign = language != "en"
    if foreign and known(f"data_findings.title.{code}"):
        title = say(f"data_findings.title.{code}", language)
        why = say(f"data_findings.why.{code}", language)
    tag = say(f"names.severity.{severity}", language)
    return Told(severity, tag, code, title, why, str(finding.get("message")), foreign)


def tell_all(findings: Sequence[Mapping[str, Any]], language: Language) -> list[Told]:
    """Errors first."""
    told = [tell(finding, language) for finding in findings]
    return sorted(told, key=lambda finding: SEVERITIES.index(finding.severity))
