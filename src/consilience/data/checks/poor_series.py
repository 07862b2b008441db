"""Series that say little: without a single change, with most points missing, or not readable."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.wording import row_list, share
from consilience.modalities.series_steps import Steps, read_steps

MOST = 20_000
"""Cells that are read; of more, a sample."""
LEAST = 0.01
"""Share of the cells from which on a finding is worth a word."""
MISSING = 0.5
"""Share of a series' points whose absence makes it poor."""


class PoorSeries:
    """Constant, mostly missing and unreadable series, by column."""

    code: ClassVar[str] = "poor_series"
    title: ClassVar[str] = "Series that say little"
    severity: ClassVar[Severity] = "info"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        columns = view.inputs("series")
        if not columns:
            raise NotApplicable("no column of series")
        return [found for name in columns for found in self._column(name, view.table.frame[name], view.seed)]

    def _column(self, name: str, column: pl.Series, seed: int) -> list[Finding]:
        rows = np.flatnonzero(column.is_not_null().to_numpy())
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng(seed).choice(rows, MOST, replace=False))
        steps = read_steps(column[rows])
        kinds = {
            "constant": (_constant(steps), "never change", "A sensor that stands still looks so: see whether it does."),
            "missing": (_mostly_missing(steps), "lack most of their points", "See how the series were written."),
            "unreadable": (steps.bad, "cannot be read as numbers", "They count as missing: mend or drop them."),
        }
        return [
            self._finding(name, rows, kind, found, words)
            for kind, (found, *words) in kinds.items()
            if found.sum() >= max(1, LEAST * len(rows))
        ]

    def _finding(self, name: str, rows: Any, kind: str, found: Any, words: list[str]) -> Finding:
        count, chosen = int(found.sum()), tuple(int(row) for row in rows[found][:ROWS_KEPT])
        message = f"{count:,} of {len(rows):,} series in {name!r} ({share(count, len(rows))}) {words[0]}, "
        message += f"{row_list(chosen)}. {words[1]}"
        severity: Severity = "warning" if count > len(rows) / 2 else self.severity
        return Finding(self.code, severity, self.title, message, (name,), chosen, {"kind": kind, "count": count})


def _constant(steps: Steps) -> Any:
    """bool [N]: two points of a channel at least, and no channel has two different ones."""
    count = len(steps.counts)
    low, high = (np.full((count, steps.values.shape[1]), start) for start in (np.inf, -np.inf))
    seen = np.isfinite(steps.values)
    np.minimum.at(low, steps.rows, np.where(seen, steps.values, np.inf))
    np.maximum.at(high, steps.rows, np.where(seen, steps.values, -np.inf))
    points = np.zeros(low.shape, np.int64)
    np.add.at(points, steps.rows, seen)
    return (points >= 2).any(1) & ((low >= high) | (points == 0)).all(1)


def _mostly_missing(steps: Steps) -> Any:
    """bool [N]: more than half of the points are missing; channels that no row has do not count."""
    seen = np.isfinite(steps.values)
    seen = seen[:, seen.any(0)]
    absent = np.bincount(steps.rows, weights=1 - seen.mean(1) if seen.shape[1] else None, minlength=len(steps.counts))
    return (steps.counts > 0) & (absent > MISSING * steps.counts)
