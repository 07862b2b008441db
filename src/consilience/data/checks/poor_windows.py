"""Windows of a table of steps that teach little, or that are not what their columns promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.window_view import WindowsSeen
from consilience.data.windows import WAYS
from consilience.data.wording import counted, quoted

FEW = 100
"""Training windows under which a forecast is learned from next to nothing: neighbours hold nearly the same steps."""
GAPS, MISSING = 0.01, 0.5
"""Share of the steps that are gaps, and share of a column that is missing, from which on a finding is worth a word."""
NAMES = {"train": "training", "valid": "validation", "test": "test"}


class PoorWindows:
    """Empty parts, few windows, gaps, missing columns, static columns that change, short series, repairs."""

    code: ClassVar[str] = "poor_windows"
    title: ClassVar[str] = "Windows that teach little"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        if view.windows is None:
            raise NotApplicable("no windows are cut: the recipe has no block series")
        seen = view.windows
        found = [*_counts(seen), *_steps(seen), *_columns(seen)]
        return [Finding(self.code, severity, self.title, message, columns) for severity, message, columns in found]


Said = tuple[Severity, str, tuple[str, ...]]


def _counts(seen: WindowsSeen) -> Iterator[Said]:
    empty = [part for part, count in seen.windows.items() if not count and seen.steps[part]]
    empty += [part for part in ("train", "valid") if not seen.steps[part]]
    if empty:
        where = " and ".join(NAMES[part] for part in empty)
        need = f"no window of {seen.past} steps and {seen.horizon} more lies in the {where} steps"
        yield "error", f"{need}. Lower {WAYS[empty[0]]}, or give more steps.", ()
    elif seen.windows["train"] < FEW:
        few = counted(seen.windows["train"], "training window")
        yield "warning", f"{few} are few, and neighbours overlap: lower series.past or give more steps.", ()
    if seen.short:
        message = f"{len(seen.short):,} of {seen.series:,} series are shorter than one window and teach nothing: "
        yield "warning", f"{message}{quoted(seen.short)}.", ()


def _steps(seen: WindowsSeen) -> Iterator[Said]:
    total = sum(seen.steps.values())
    if seen.gaps:
        severity: Severity = "warning" if seen.gaps > GAPS * total else "info"
        yield severity, f"{seen.gaps:,} of {total:,} steps are not in the table; they count as missing.", ()
    if seen.every > 1:
        yield "info", f"Origins stand {seen.every} steps apart, so that all windows fit in memory.", ()
    for problem in seen.problems:
        if problem.code != "gap":
            severity = "warning" if problem.count > GAPS * total else "info"
            message = f"{problem.code}: {problem.count:,} × {problem.message} (column {problem.column!r})."
            yield severity, message, (problem.column,)
    if seen.frequency.startswith("rows"):
        yield "info", "The times have no fixed distance: each row counts as one step, and no gap is seen.", ()


def _columns(seen: WindowsSeen) -> Iterator[Said]:
    for name, share in seen.missing.items():
        if share > MISSING:
            yield "warning", f"{share:.0%} of the steps have no value in {name!r}.", (name,)
    for name, count in seen.changing.items():
        changes = "changes over time" if seen.series == 1 else f"changes within {count:,} of {seen.series:,} series"
        message = f"{name!r} is called static and {changes}: only its value at the origin is read."
        yield "warning", message, (name,)
