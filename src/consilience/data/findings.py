"""What the checks found in a table, and the one function that runs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from consilience.core.errors import InputError, nearest
from consilience.core.events import Listener, nobody
from consilience.core.registry import get, names

if TYPE_CHECKING:
    from consilience.data.checks.base import View

Severity = Literal["info", "warning", "error"]
ORDER: dict[str, int] = {"error": 0, "warning": 1, "info": 2}
ROWS_KEPT = 20


class NotApplicable(Exception):  # noqa: N818  (an answer, not a fault)
    """A check could not look: `str()` says why. Not the same as having found nothing."""


class Finding(NamedTuple):
    """One thing to know about the data, with what to do about it."""

    code: str
    """Name of the check in the registry; `docs/checks.md` has an anchor for each."""
    severity: Severity
    title: str
    message: str
    """One plain sentence or two: numbers, names of columns, what to do."""
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    """Rows of the table as given, 0 = first row of data, at most 20."""
    details: dict[str, Any] = {}
    """JSON values: counts, scores, examples."""


class NotLooked(NamedTuple):
    """A check that did not run, and why."""

    code: str
    reason: str


def run_checks(
    view: View, slow: bool = True, codes: Iterable[str] | None = None, listener: Listener = nobody
) -> tuple[list[Finding], list[NotLooked]]:
    """Every registered check (or those in `codes`) on one view of the data.

    Returns:
        the findings, worst first, then by code; and the checks that did not look, with the reason.

    Raises:
        InputError: when `codes` names an unknown check.
    """
    known = names("check")
    wanted = known if codes is None else list(codes)
    for code in wanted:
        if code not in known:
            raise InputError(f"no check is named {code!r}", fix=nearest(code, known))
    findings: list[Finding] = []
    skipped: list[NotLooked] = []
    for done, code in enumerate(wanted):
        listener({"event": "progress", "name": f"check {code}", "done": done, "total": len(wanted)})
        check = get("check", code)()
        if check.slow and not slow:
            skipped.append(NotLooked(code, "slow; left out by --fast"))
            continue
        try:
            findings += check.look(view)
        except NotApplicable as reason:
            skipped.append(NotLooked(code, str(reason)))
    listener({"event": "progress", "name": "checks", "done": len(wanted), "total": len(wanted)})
    return sorted(findings, key=lambda f: (ORDER[f.severity], f.code, f.columns)), skipped
