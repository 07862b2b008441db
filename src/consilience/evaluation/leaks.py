"""Leaks found in a run: what the report says in its first lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consilience.evaluation.told import Told, tell
from consilience.evaluation.weaknesses.leaks import leak_findings, leak_sentence
from consilience.evaluation.wording import Language


def leaks_of(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Findings of the data by which test rows, or a column, tell the model what it should predict; errors first."""
    return leak_findings(f for f in result.get("findings") or () if "code" in f)


def tell_leaks(result: Mapping[str, Any], language: Language) -> list[Told]:
    """Each leak in one sentence of the report's language."""
    target = str(result.get("target") or "")
    return [
        tell(finding, language)._replace(why="", detail=leak_sentence(finding, language, target).text, foreign=False)
        for finding in leaks_of(result)
    ]
