"""The contract of a check of a run, and what several of them read from a result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from consilience.core.events import Event
from consilience.core.registry import get, names
from consilience.data.findings import ORDER, Finding, NotApplicable, NotLooked, Severity
from consilience.evaluation.history import best_epochs, history_of
from consilience.evaluation.language import Language, say

__all__ = ["Course", "Event", "Finding", "Language", "NotApplicable", "Result", "RunCheck", "Severity", "found"]

Result = Mapping[str, Any]


class RunCheck(Protocol):
    """One question about a finished run, answered from `metrics.json` and the events alone. Built without arguments.

    Not the same as a check of the data (`data.checks`): that looks at a table before anything is trained.
    """

    code: ClassVar[str]
    """Its name in the registry; `docs/checks.md` has an anchor for each."""
    title: ClassVar[str]
    severity: ClassVar[Severity]
    """The worst that it reports."""

    def look(self, result: Result, events: Sequence[Event], language: Language) -> list[Finding]:
        """What it found, worded in the language; [] when all is well.

        Raises:
            NotApplicable: when the run does not hold what it needs; `str()` says why.
        """
        ...


def check_result(
    result: Result, events: Sequence[Event], language: Language = "en"
) -> tuple[list[Finding], list[NotLooked]]:
    """Every registered check of a run: findings, worst first; and the checks that could not look, with the reason."""
    findings: list[Finding] = []
    skipped: list[NotLooked] = []
    for code in names("run_check"):
        try:
            findings += get("run_check", code)().look(result, events, language)
        except NotApplicable as reason:
            skipped.append(NotLooked(code, str(reason)))
    return sorted(findings, key=lambda f: (ORDER[f.severity], f.code)), skipped


def found(code: str, severity: Severity, what: str, language: Language, /, **values: Any) -> Finding:
    """A finding in the catalogue's words: title of the code, message `<code>.<what>`."""
    title = say(f"run_checks.title.{code}", language)
    return Finding(code, severity, title, say(f"run_checks.{code}.{what}", language, **values))


def known(value: Any) -> float:
    """A figure of the result.

    Raises:
        NotApplicable: when it is missing or undefined.
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise NotApplicable("a figure that it needs was not measured or is undefined")
    return float(value)


def score_of(part: Any, metric: str) -> dict[str, float]:
    """value, low and high of a metric in a part of the result ("test", "network" …).

    Raises:
        NotApplicable: when one of them is missing or undefined.
    """
    score = (part or {}).get(metric) or {}
    return {key: known(score.get(key)) for key in ("value", "low", "high")}


def merit(metric: str) -> int:
    """1 where higher is better, else −1."""
    from consilience.tasks.metrics import HIGHER_IS_BETTER

    return 1 if HIGHER_IS_BETTER.get(metric, True) else -1


class Course:
    """Loss by epoch of one network.

    valid: validation loss (log loss, or root mean squared error) of every evaluated epoch; train: training loss of the
    same epochs; kept: position of the epoch whose weights were kept (None when the events do not say).
    """

    def __init__(self, name: str, events: Sequence[Event], best: int | None) -> None:
        self.name = name
        rows = [(int(e["epoch"]) + 1, e.get("loss"), _valid_loss(e)) for e in events]
        rows = [row for row in rows if row[1] is not None and row[2] is not None]
        self.train = [float(row[1]) for row in rows if row[1] is not None]
        self.valid = [float(row[2]) for row in rows if row[2] is not None]
        self.kept = next((place for place, row in enumerate(rows) if row[0] == best), None)


def courses(events: Sequence[Event], least: int) -> list[Course]:
    """One of each network with at least so many evaluated epochs.

    Raises:
        NotApplicable: when there is none.
    """
    best = best_epochs(events)
    every = [Course(name, rows, best.get(name)) for name, rows in history_of(events).items()]
    long = [course for course in every if len(course.valid) >= least]
    if not long:
        raise NotApplicable(f"no network was evaluated on validation rows in {least} epochs or more")
    return long


def _valid_loss(event: Event) -> float | None:
    valid = event.get("valid") or {}
    value = valid.get("log_loss", valid.get("rmse"))
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
