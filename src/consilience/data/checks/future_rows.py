"""Training rows dated later than test rows, where the target drifts with time: the model is tested on its past."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Pool, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.predictive import codes_of
from consilience.data.wording import share
from consilience.modalities.cells import as_number, as_text
from consilience.modalities.date_formats import choose_formats, parse

LEAST_ROWS = 40
FEW = 0.05
"""Share of later training rows under which a split is as good as one by time."""
DRIFT, STRONG = 0.1, 0.3
"""Association of target and time (Cramér's V of classes and quarters, or Spearman's rho) from which the target
drifts, and from which that is a warning."""
CHANCE = 0.001
PARTS = 4
BIRTH = re.compile(r"birth|born|(^|_)dob($|_)|geburt|naissance|nacimiento|nascita|nascimento|рожд|出生|生年|생년")
"""Dates of this kind belong to a person, not to the time of the row."""

Array = np.ndarray[Any, Any]


class FutureRows:
    """Training rows from after the test rows, in data that change with time."""

    code: ClassVar[str] = "future_rows"
    title: ClassVar[str] = "Training rows from the test's future"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        if view.splits is not None and view.splits.method == "time":
            raise NotApplicable("the rows are split by time")
        dates = [c for c in view.inputs("date") if c != view.time and not BIRTH.search(c.lower())]
        dates = [c for c in dates if choose_formats(view.table.frame[c]) != ["clock"]]  # hours come round every day
        names = [*([view.time] if view.time in view.table.frame.columns else []), *dates]
        if not names:
            raise NotApplicable("no column of dates")
        if len(view.pool(names).names) == 1:
            raise NotApplicable("no test rows are set apart yet")
        found = [self._column(view, str(name)) for name in names]
        return [finding for finding in found if finding is not None]

    def _column(self, view: View, name: str) -> Finding | None:
        pool = view.pool([name])
        times = times_of_cells(pool.frame[name], view.table.frame[name])
        side = len(pool.names) - 1
        train, test = (np.flatnonzero((pool.side == s) & np.isfinite(times)) for s in (0, side))
        if len(train) < LEAST_ROWS or not len(test):
            return None
        middle = float(np.median(times[test]))
        later = train[times[train] > middle]
        drift = _drift(view, pool, times)
        if len(later) < FEW * len(train) or (drift < DRIFT and name != view.time):
            return None
        severity: Severity = "warning" if drift >= STRONG or name == view.time else "info"
        told = f"{len(later):,} of {len(train):,} rows of {pool.names[0]} ({share(len(later), len(train))}) are dated "
        told += f"in {name!r} after the middle one of {pool.names[side]}"
        why = f", and {view.target!r} changes with time (association {drift:.2f})" if drift >= DRIFT else ""
        message = f"{told}{why}: scores may not hold for rows still to come. "
        message += f"Split by time: --set split.time={name if ' ' not in name else repr(name)}."
        rows = tuple(int(r) for r in pool.row[later[:ROWS_KEPT]])
        details = {"share": len(later) / len(train), "drift": drift, "across": {pool.names[side]: len(later)}}
        details["of"] = {pool.names[side]: len(train)}
        return Finding(self.code, severity, self.title, message, (name,), rows, details)


def times_of_cells(cells: pl.Series, like: pl.Series) -> Array:
    """[N] float64 that orders the rows, NaN where a cell is no time; formats as the training table has them."""
    numbers = as_number(cells)
    text = as_text(like)
    if numbers.null_count() <= cells.null_count() + 0.01 * len(cells):
        return numbers.to_numpy().astype(np.float64)
    return parse(cells, choose_formats(text))


def _drift(view: View, pool: Pool, times: Array) -> float:
    """Association of target and time among the training rows, 0..1; 0 where chance explains it."""
    from scipy.stats import chi2_contingency, spearmanr

    if view.target is None or view.kind not in ("binary", "multiclass", "regression"):
        return 0.0
    target = view.table.frame[view.target]
    known = (pool.side == 0) & np.isfinite(times) & (np.cumsum(np.ones(len(times))) <= view.table.rows)
    rows = pool.row[known]
    when = times[known]
    if view.kind == "regression":
        values = as_number(target)[rows].to_numpy().astype(np.float64)
        given = np.isfinite(values)
        if given.sum() < LEAST_ROWS or np.unique(when[given]).size < 2 or np.unique(values[given]).size < 2:
            return 0.0
        rank = spearmanr(when[given], values[given])
        return abs(float(rank.statistic)) if rank.pvalue < CHANCE else 0.0
    codes = codes_of(target[rows], number=False)
    given = codes > 0
    edges = np.unique(np.quantile(when[given], np.arange(1, PARTS) / PARTS)) if given.any() else np.zeros(0)
    part = np.searchsorted(edges, when[given], side="left")
    table = np.zeros((len(edges) + 1, int(codes.max(initial=0)) + 1))
    np.add.at(table, (part, codes[given]), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    if given.sum() < LEAST_ROWS or min(table.shape) < 2:
        return 0.0
    test = chi2_contingency(table)
    size = float(np.sqrt(test.statistic / (table.sum() * (min(table.shape) - 1))))
    return size if test.pvalue < CHANCE else 0.0
