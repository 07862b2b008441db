"""Rows of a table that the model has not seen, explained: what `Model.explain` and the command line call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.forecasts import is_steps
from consilience.artifacts.run_folder import RunFolder
from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.files import read_json
from consilience.data.features import in_memory
from consilience.data.history import add_history
from consilience.data.table import Table
from consilience.data.windows import tail_windows
from consilience.explanation.counterfactual import check_fixed
from consilience.explanation.explain import Settings, explain_rows
from consilience.explanation.forecast_reasons import explain_forecasts, refuse_class
from consilience.explanation.subject import explained_class, subject_of
from consilience.explanation.training_rows import training_rows
from consilience.tasks.answers import answers_of

MOST_EXPLAINED = 1000
"""Rows explained in one call: media of all of them are kept in memory."""


def explain_table(
    model: tuple[Bundle, Path | None],
    table: Table,
    rows: Sequence[int] | None = None,
    class_name: str | None = None,
    fixed: Sequence[str] = (),
    listener: Listener = nobody,
) -> list[dict[str, Any]]:
    """One dictionary a row, as `explain.explain_rows`, with "row" (its number in the table) and "note" (why similar
    rows are missing, else "").

    Args:
        model: bundle and run folder. rows: 0-based row numbers, all when None. class_name: class to explain; the
            predicted one when None. fixed: columns that a counterfactual may not change.

    Raises:
        InputError: for an unknown row, class or column, and for more than MOST_EXPLAINED rows.
    """
    bundle, run = model
    table, _ = add_history(table, bundle.recipe.history)
    if why := answers_of(bundle.task).no_causes:
        raise InputError(why)
    table = rows_to_explain(bundle, table)
    chosen = list(range(table.rows)) if rows is None else [int(row) for row in rows]
    for row in chosen:
        if not 0 <= row < table.rows:
            raise InputError(f"no row {row}", where=table.name, fix=f"Rows are numbered 0 to {table.rows - 1}")
    if len(chosen) > MOST_EXPLAINED:
        raise InputError(
            f"{len(chosen):,} rows to explain, at most {MOST_EXPLAINED:,} at once", fix="Name some with rows"
        )
    check_fixed(bundle, fixed)
    part = table.take(chosen)
    adapted, _ = bundle.adapt(part)
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    everyone = np.arange(len(chosen), dtype=np.int64)
    subject = subject_of(bundle, features, bundle.texts(adapted), everyone, part.frame)
    if bundle.task.kind == "forecast":
        refuse_class(class_name)
        return [{"row": row, "note": "", **one} for row, one in zip(chosen, explain_forecasts(subject), strict=True)]
    classes = explained_class(bundle, subject.predict(), class_name)
    train, note = training_rows(run, bundle, listener)
    settings = Settings(train, bundle.recipe.seed, tuple(fixed), _error(run, bundle.recipe.target))
    found = explain_rows(subject, classes, settings)
    return [{"row": row, "note": note, **one} for row, one in zip(chosen, found, strict=True)]


def rows_to_explain(bundle: Bundle, table: Table) -> Table:
    """The table; of a forecast's table of steps the windows that end with the last step of each entity."""
    if not is_steps(bundle, table):
        return table
    return tail_windows(table, bundle.recipe, bundle.facts["windows"])[0]


def _error(run: Path | None, target: str) -> float | None:
    """Root mean squared error on the run's test rows; None where it is unknown."""
    path = RunFolder(run).metrics if run else None
    if path is None or not path.is_file():
        return None
    result = read_json(path)
    result = (result.get("targets") or {}).get(target) or result
    value = ((result.get("test") or {}).get("rmse") or {}).get("value")
    return float(value) if value is not None else None
