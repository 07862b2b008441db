"""Rows that repeat another row exactly, within the table and across train and test."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, Indices, NotApplicable, Pool, Severity, View
from consilience.data.twins import across, find_twins, sentence
from consilience.data.wording import share

FEW = 0.2
"""Distinct rows over rows under which a table without texts or media repeats by nature."""
MARGIN = 5
"""Equal pairs over those expected by chance from which they are copies."""
SERIOUS = 0.01
"""Share of the test rows also trained on from which a finding is an error."""


class DuplicateRows:
    """Rows that repeat another row exactly, also across train and test."""

    code: ClassVar[str] = "duplicate_rows"
    title: ClassVar[str] = "Rows that repeat"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        inputs = view.inputs()
        if not inputs:
            raise NotApplicable("no input column is left")
        columns = inputs if view.target is None else [*inputs, view.target]
        whole = self._within(view, columns)
        return whole + self._across(view.pool(inputs), not view.recurring())

    def _within(self, view: View, columns: list[str]) -> list[Finding]:
        pool = view.pool(columns)
        own = np.flatnonzero(pool.side == 0) if view.splits is None else np.arange(view.table.rows)
        pool = pool.take(own)._replace(names=pool.names[:1])
        label = _labels(pool.frame)
        twins = find_twins(label, np.zeros(len(own), np.int64))
        count, total = len(twins.extra), len(own)
        if not count or _by_chance(pool.frame, label, not view.recurring()):
            return []
        rows = twins.examples(pool.row)
        message = (
            f"{count:,} of {total:,} rows ({share(count, total)}) repeat an earlier row in every column "
            "used, first "
            f"{pool.pair(int(twins.first[0]), int(twins.extra[0]))}. Copies on both sides of a split make "
            "scores look "
            "too good: drop them before training."
        )
        severity: Severity = "info" if count < 0.001 * total else self.severity
        return [Finding(self.code, severity, self.title, message, rows=rows, details={"count": count, "rows": total})]

    def _across(self, pool: Pool, media: bool) -> list[Finding]:
        label = _labels(pool.frame)
        twins = find_twins(label, pool.side)
        if not twins.crossings or _by_chance(pool.frame, label, media):
            return []
        message = sentence(twins, pool.names, "have exactly the same inputs as a row of")
        rows = tuple(int(r) for r in pool.row[twins.crossings[-1].rows[:20]])
        worst = max(len(c.rows) / c.total for c in twins.crossings)
        severity: Severity = "error" if worst >= SERIOUS else self.severity
        message += ": their scores say nothing about new data. Drop these rows from one of the two."
        return [
            Finding(self.code, severity, "Rows on both sides", message, rows=rows, details=across(twins, pool.names))
        ]


def _labels(frame: pl.DataFrame) -> Indices:
    """One label for equal rows; −1 for rows without any value."""
    hashed = frame.hash_rows(seed=1)
    label = hashed.rank("dense").cast(pl.Int64).to_numpy().copy()
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    label[empty] = -1
    return label


def _by_chance(frame: pl.DataFrame, label: Indices, media: bool) -> bool:
    """Would as many pairs of rows be equal if the columns' values met at random? (A few categories always
    repeat.)

    Chances come from the distinct rows, so that the copies themselves do not count. media: a column of
    texts, images or sounds is among the columns, which no small number of distinct rows excuses.
    """
    rows = frame.height
    distinct = frame[np.unique(label, return_index=True)[1].astype(np.int64)]
    if not media and distinct.height < FEW * rows:
        return True
    meet = 1.0
    for column in distinct.iter_columns():
        counts = column.rename("value").value_counts()["count"].to_numpy().astype(np.float64)
        meet *= float((counts * (counts - 1)).sum()) / max(distinct.height * (distinct.height - 1), 1)
    counts = np.bincount(label[label >= 0]).astype(np.float64)
    return bool((counts * (counts - 1)).sum() / 2 <= MARGIN * meet * rows * (rows - 1) / 2)
