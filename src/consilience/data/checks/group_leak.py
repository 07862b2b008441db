"""A patient, speaker or device with several rows, which a random split would put on both sides."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.checks.base import Finding, NotApplicable, Severity, View, read_as
from consilience.data.findings import ROWS_KEPT
from consilience.data.grouping import ENTITY, ID, LABEL_LIKE, Evidence, binned, opaque, weigh
from consilience.data.predictive import codes_of
from consilience.data.twins import Twins, across, find_twins, sentence
from consilience.data.wording import quoted, share
from consilience.modalities.cells import as_text

MOST = 50_000
MOST_COLUMNS = 60
"""Other columns that groups are compared on, the first of the table."""
ENOUGH = 3
"""Points of evidence from which a column that is named or coded like a group counts as one; one more for
others."""
TEST = 0.2
"""Share of test rows in the random split that the message describes."""


EVERYWHERE = 0.99
"""Share of the test rows whose group trains too, from which the groups are the same on both sides by design."""
LARGE = 20
"""Rows of a group on average, at least, for that."""


class GroupLeak:
    """Patients, speakers or devices with several rows that a random split would part."""

    code: ClassVar[str] = "group_leak"
    title: ClassVar[str] = "Rows that belong together"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        evidence = gather_evidence(view)
        if not evidence:
            return []
        ranked = sorted(evidence, key=lambda n: (evidence[n].named, evidence[n].points), reverse=True)
        best = ranked[0]
        pool = view.pool([best])
        if len(pool.names) == 1:
            return [self._before_split(view, best, evidence[best], ranked[1:])]
        label = codes_of(pool.frame[best], number=False) - 1
        twins = find_twins(label, pool.side)
        if not twins.crossings:
            return []
        told = sentence(twins, pool.names, f"have a {best!r} that is also in")
        worst = max(twins.crossings, key=lambda c: len(c.rows) / c.total)
        rows = tuple(int(r) for r in pool.row[worst.rows[:ROWS_KEPT]])
        closed = _closed(evidence[best], twins)
        severity: Severity = "info" if closed else _severity(evidence[best])
        message = f"{self._what(best, evidence[best])} {told}: "
        message += (
            f"the scores speak for these {evidence[best].groups:,}, not for a new {best!r}."
            if closed
            else f"scores may not hold for a new {best!r}. {_fix(view, best)}"
        )
        return [Finding(self.code, severity, self.title, message, (best,), rows, across(twins, pool.names))]

    def _before_split(self, view: View, name: str, found: Evidence, others: list[str]) -> Finding:
        counts = (
            as_text(view.table.frame[name])
            .drop_nulls()
            .rename("value")
            .value_counts()["count"]
            .to_numpy()
            .astype(float)
        )
        met = int((counts * (1 - TEST ** (counts - 1))).sum())
        message = (
            f"{self._what(name, found)} A random split would put rows of the same {name!r} on both sides "
            "(for "
            f"{share(met, view.table.rows)} of the test rows), and scores would not hold for a new one. "
            f"{_fix(view, name)}"
        )
        if others:
            message += f" {quoted(others)} {'holds' if len(others) == 1 else 'hold'} rows together too."
        details: dict[str, Any] = {
            "groups": found.groups,
            "rows_per_group": found.size,
            "alike": list(found.alike),
        }
        details |= {"label_alike": found.label, "others": others}
        return Finding(self.code, _severity(found), self.title, message, (name,), details=details)

    def _what(self, name: str, found: Evidence) -> str:
        told = f"{name!r} has {found.groups:,} values with {found.size:.1f} rows each on average"
        alike = [*([f"the target (agreement {found.label:.2f} above chance)"] if found.label >= LABEL_LIKE else [])]
        alike += [quoted(found.alike, 3)] if found.alike else []
        return f"{told}, and rows of one value are alike in {' and in '.join(alike)}." if alike else f"{told}."


def gather_evidence(view: View) -> dict[str, Evidence]:
    """Columns that hold rows together, with the evidence.

    Raises:
        NotApplicable: when no column could be such a group.
    """
    frame = view.table.frame
    if frame.height > MOST:
        kept = np.sort(np.random.default_rng(view.seed).choice(frame.height, MOST, replace=False))
        frame = frame[kept]
    modality = {c.name: c.modality for c in view.schema.columns}
    plain = [c for c in frame.columns if c != view.target and _comparable(frame[c], modality.get(c, ""))]
    candidates = [c for c in plain if _could_group(frame[c], modality.get(c, ""))]
    if not candidates:
        raise NotApplicable("no column has values that repeat and could name a group")
    others = {c: binned(frame[c], modality.get(c, "")) for c in plain[:MOST_COLUMNS]}
    others = {c: codes for c, codes in others.items() if codes.max(initial=0) < 0.5 * max(len(codes), 1)}
    label = None
    if view.target is not None:
        label = binned(frame[view.target], "number" if view.kind == "regression" else "category")
    found = {}
    for name in candidates:
        rest = {c: codes for c, codes in others.items() if c != name}
        coded = opaque(frame[name])
        evidence = weigh(name, codes_of(frame[name], number=False), coded, rest, label)
        if evidence is None or not (evidence.alike or evidence.label >= LABEL_LIKE):
            continue
        if evidence.points >= (ENOUGH if evidence.named or coded or _named_id(name) else ENOUGH + 1):
            found[name] = evidence
    return found


def _comparable(column: pl.Series, modality: str) -> bool:
    return not column.dtype.is_nested() and column.dtype != pl.Binary and not read_as(modality).opaque


def _could_group(column: pl.Series, modality: str) -> bool:
    """Measured numbers and dates repeat by nature: a number must be called an id or an entity to be a
    group."""
    if modality == "date" or column.dtype.is_temporal():
        return False
    if modality == "number" or column.dtype.is_float():
        return _named_id(column.name)
    if modality in ("text", "sequence"):  # long texts that repeat are near_duplicate_text's
        return float(as_text(column).str.len_chars().quantile(0.9) or 0) <= 64
    return True


def _named_id(name: str) -> bool:
    return bool(ENTITY.search(name.lower()) or ID.search(name.lower()))


def _severity(found: Evidence) -> Severity:
    return "warning" if found.named or found.label >= LABEL_LIKE else "info"


def _closed(found: Evidence, twins: Twins) -> bool:
    """Is it a closed set by design: each of a few speakers recorded on every side, and none telling the target?"""
    everywhere = all(len(c.rows) >= EVERYWHERE * c.total for c in twins.crossings)
    return everywhere and found.size >= LARGE and found.label < LABEL_LIKE


def _fix(view: View, name: str) -> str:
    if view.others:
        return f"Split the tables so that each {name!r} stands in one of them."
    return f"Give --set split.group={name if ' ' not in name else repr(name)}."
