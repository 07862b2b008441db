"""Texts that are the same but for a word or a comma, within the table and across train and test."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Pool, Severity, View
from consilience.data.fingerprint import Grams, grams_for, near_pairs, normalised
from consilience.data.twins import Twins, across, clusters, find_twins, sentence
from consilience.data.wording import clipped, share

MOST = 60_000
"""Texts compared; of more, a random sample."""
MANY = 0.01
"""Share of rows from which a finding is a warning."""


class NearDuplicateText:
    """Texts that are the same but for a word or a comma, also across train and test."""

    code: ClassVar[str] = "near_duplicate_text"
    title: ClassVar[str] = "Texts that are nearly the same"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        columns = view.inputs("text")
        if not columns:
            raise NotApplicable("no column of texts")
        found = []
        for name in columns:
            view.listener({"event": "progress", "name": f"compare texts of {name}", "done": 0, "total": 1})
            found += self._column(view, name)
        return found

    def _column(self, view: View, name: str) -> list[Finding]:
        pool = view.pool([name])
        total = len(pool.side)
        pool = pool.sample(MOST, view.seed)
        texts = normalised(pool.frame[name])
        label, same = _cluster(texts)
        twins = find_twins(label, pool.side)
        count = len(twins.extra)
        if not count:
            return []
        sampled = f" (a sample of {len(pool.side):,} of {total:,} texts was compared)" if len(pool.side) < total else ""
        message = (
            f"{count:,} of {len(pool.side):,} texts in {name!r} ({share(count, len(pool.side))}) are nearly "
            "the same "
            f"as an earlier one, {same:,} of them letter for letter{sampled}: "
            f"{self._example(pool, name, twins)}. "
        )
        message += _advice(twins, pool)
        worst = max([len(c.rows) / c.total for c in twins.crossings], default=count / len(pool.side))
        severity: Severity = "warning" if worst >= MANY else "info"
        rows = twins.examples(pool.row) if not twins.crossings else _rows(pool, twins)
        details: dict[str, Any] = {"count": count, "identical": same, "compared": len(pool.side)}
        details |= across(twins, pool.names)
        return [Finding(self.code, severity, self.title, message, (name,), rows, details)]

    def _example(self, pool: Pool, name: str, twins: Twins) -> str:
        one, other = int(twins.first[0]), int(twins.extra[0])
        return f"{pool.pair(one, other)} say {clipped(pool.frame[name][one], 50)!r}"


def _rows(pool: Pool, twins: Twins) -> tuple[int, ...]:
    return tuple(int(r) for r in pool.row[twins.crossings[-1].rows[:20]])


def _advice(twins: Twins, pool: Pool) -> str:
    if twins.crossings:
        told = sentence(twins, pool.names, "have nearly the text of a row of")
        return f"{told}, which makes scores look better than they are. Drop these rows from one side."
    if len(pool.names) > 1:
        return "None stands on both sides, so the scores are not touched."
    return "A random split may part copies: drop them, or split by a column that joins them."


def _cluster(texts: pl.Series) -> tuple[np.ndarray[Any, Any], int]:
    """Cluster labels [N] (−1: nothing, or too short to compare) and the number of texts equal letter for
    letter."""
    grams: Grams = grams_for(texts)
    long = (texts.str.len_chars() >= grams.length + grams.least - 1).fill_null(False)
    index = np.flatnonzero(long.to_numpy())
    label = np.full(len(texts), -1, np.int64)
    if not len(index):
        return label, 0
    kept = texts[index]
    codes = kept.rank("dense").to_numpy().astype(np.int64) - 1
    distinct = kept.unique().sort()  # the order of dense ranks
    group = clusters(len(distinct), near_pairs(distinct, grams))
    label[index] = group[codes]
    return label, len(index) - len(distinct)
