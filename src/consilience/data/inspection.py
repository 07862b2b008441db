"""`inspect`: what a table holds, how each column would be read, and what to know before training on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from consilience.core.events import Listener, nobody
from consilience.core.registry import get, names
from consilience.data.checks.base import View
from consilience.data.findings import Finding, NotLooked, run_checks
from consilience.data.media_paths import media_paths
from consilience.data.schema import Schema, detect
from consilience.data.table import Table, read_table
from consilience.modalities.cells import as_text


class TaskGuess(NamedTuple):
    """What training on the target would be."""

    kind: str | None
    """"binary", "multiclass", "multilabel" or "regression"; None when the target cannot be trained on."""
    reason: str
    """A sentence for the user."""


class Inspection(NamedTuple):
    """What `inspect` saw."""

    table: str
    rows: int
    notes: tuple[str, ...]
    """How the file was read: its encoding, delimiter …"""
    schema: Schema
    task: TaskGuess | None
    findings: tuple[Finding, ...]
    not_looked: tuple[NotLooked, ...]
    test: str | None = None
    test_rows: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; what `--json` prints."""
        return {
            "version": 1,
            "table": self.table,
            "rows": self.rows,
            "notes": list(self.notes),
            "target": self.schema.target,
            "task": self.task._asdict() if self.task else None,
            "columns": [{**c._asdict(), "examples": list(c.examples)} for c in self.schema.columns],
            "test": {"table": self.test, "rows": self.test_rows} if self.test else None,
            "findings": [finding_json(f) for f in self.findings],
            "not_looked": [n._asdict() for n in self.not_looked],
        }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as plain JSON values."""
    return {**finding._asdict(), "columns": list(finding.columns), "rows": list(finding.rows)}


def inspect(
    table: Any,
    target: str | None = None,
    test: Any = None,
    ignore: Sequence[str] = (),
    fast: bool = False,
    *,
    listener: Listener = nobody,
) -> Inspection:
    """Columns, their modalities, and the findings of every check.

    Args:
        table: anything `read_table` takes. target: the column to predict. test: a held-out table, to look
        for rows
            on both sides. ignore: columns left out. fast: leave out checks that decode media or fit models.
        listener: hears progress events.

    Raises:
        InputError: when a table cannot be read, or the target or an ignored column is not in it.

    Example:
        >>> import consilience as cs
        >>> cs.inspect({"note": ["calm", "upset"] * 20, "y": [0, 1] * 20}, "y").schema.modalities
        {'note': 'category'}
    """
    read = read_table(table)
    if target is not None:
        read.require(target, "target column")
    schema = detect(read, target, tuple(ignore))
    task = guess_task(read.frame[target]) if target is not None else None
    others: dict[str, Table] = {}
    if test is not None:
        others["test"] = media_paths(read_table(test), schema.modalities)
    view = View(
        media_paths(read, schema.modalities),
        schema,
        target,
        task.kind if task else None,
        others=others,
        listener=listener,
    )
    findings, skipped = run_checks(view, slow=not fast, listener=listener)
    held_out = others.get("test")
    return Inspection(
        read.name,
        read.rows,
        read.notes,
        schema,
        task,
        tuple(findings),
        tuple(skipped),
        held_out.name if held_out else None,
        held_out.rows if held_out else 0,
    )


def guess_task(values: pl.Series) -> TaskGuess:
    """The registered task that fits the target best, as training would choose it."""
    guesses = {name: get("task", name).score(values) for name in names("task")}
    name = max(guesses, key=lambda n: guesses[n].score)
    if guesses[name].score <= 0:
        return TaskGuess(None, guesses[name].reason)
    kind = name
    if name == "classification":
        kind = "binary" if as_text(values).drop_nulls().n_unique() == 2 else "multiclass"
    return TaskGuess(kind, guesses[name].reason)
