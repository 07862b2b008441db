"""`inspect`: what a table holds, how each column would be read, and what to know before training on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Recipe, make_recipe, read_recipe
from consilience.core.registry import get, names
from consilience.data.checks.base import View
from consilience.data.findings import Finding, NotLooked, run_checks
from consilience.data.media_paths import media_paths
from consilience.data.schema import Schema, detect
from consilience.data.table import Table, read_table
from consilience.data.window_view import WindowsSeen, see_windows
from consilience.modalities.cells import as_text

STEP_CHECKS = ("constant_column", "mixed_types", "poor_windows", "unreadable_media")
"""Checks that make sense where rows are steps in time."""


class TaskGuess(NamedTuple):
    """What training on the target would be."""

    kind: str | None
    """"binary", "multiclass", "multilabel", "regression" or "forecast"; None when the target cannot be trained on."""
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
    windows: WindowsSeen | None = None
    """Of a table of steps in time, where the recipe cuts windows."""

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
            **({"windows": self.windows.to_json()} if self.windows else {}),
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
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    listener: Listener = nobody,
) -> Inspection:
    """Columns, their modalities, and the findings of every check.

    Args:
        table: anything `read_table` takes. target: the column to predict. test: a held-out table, to look
        for rows
            on both sides. ignore: columns left out. fast: leave out checks that decode media or fit models.
        recipe: a Recipe, a recipe file or a mapping: its target, ignored columns and modalities count; with a block
            `series` the windows that would be cut are shown too. listener: hears progress events.

    Raises:
        InputError: when a table cannot be read, or the target or an ignored column is not in it.

    Example:
        >>> import consilience as cs
        >>> cs.inspect({"note": ["calm", "upset"] * 20, "y": [0, 1] * 20}, "y").schema.modalities
        {'note': 'category'}
    """
    read = read_table(table)
    asked = _asked(recipe, target)
    if asked is not None and asked.series is not None:
        return _inspect_steps(read, asked, test, tuple(ignore), listener)
    target = target if asked is None else asked.target
    if target is not None:
        read.require(target, "target column")
    left_out = (*ignore, *(asked.ignore if asked else ()))
    schema = detect(read, target, left_out, _modalities(asked, read))
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


def _inspect_steps(read: Table, recipe: Recipe, test: Any, ignore: tuple[str, ...], listener: Listener) -> Inspection:
    """The inspection of a table of steps in time: rows are steps, so checks of rows that repeat mean nothing."""
    recipe = recipe.model_copy(update={"ignore": (*recipe.ignore, *ignore)})
    held_out = read_table(test) if test is not None else None
    tables = {"train": read} if held_out is None else {"train": read, "test": held_out}
    windows = see_windows(tables, recipe)
    schema = detect(read, None, recipe.ignore, _modalities(recipe, read))
    view = View(media_paths(read, schema.modalities), schema, windows=windows, listener=listener)
    findings, skipped = run_checks(view, codes=STEP_CHECKS, listener=listener)
    said = f"forecast of {windows.horizon} steps from the {windows.past} before"
    target = recipe.target if recipe.target in read.frame.columns else None
    schema = schema._replace(target=target)
    task = TaskGuess("forecast", said)
    test_name, test_rows = (held_out.name, held_out.rows) if held_out else (None, 0)
    found = (read.name, read.rows, read.notes, schema, task, tuple(findings), tuple(skipped))
    return Inspection(*found, test_name, test_rows, windows)


def _asked(recipe: Recipe | str | Path | Mapping[str, Any] | None, target: str | None) -> Recipe | None:
    """
    Raises:
        InputError: when the recipe cannot be read, or neither it nor `target` names the target column.
    """
    if recipe is None:
        return None
    if isinstance(recipe, Recipe):
        return recipe if target is None else recipe.model_copy(update={"target": target})
    values = dict(recipe) if isinstance(recipe, Mapping) else read_recipe(Path(recipe))
    where = "recipe" if isinstance(recipe, Mapping) else str(recipe)
    if target is not None:
        values["target"] = target
    if "target" not in values:
        raise InputError("no target column is named", where=where, fix="Name it in the recipe, or give --target COLUMN")
    return make_recipe(values, (), where)


def _modalities(recipe: Recipe | None, read: Table) -> dict[str, str]:
    """Columns of the table whose modality the recipe sets."""
    return {} if recipe is None else {c: m for c, m in recipe.columns.items() if c in read.frame.columns}


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
