"""Classes with so few rows that they can hardly be learned, and that a split may lose."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from consilience.data.box_cells import read_cells
from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.wording import clipped, counted, quoted
from consilience.modalities.cells import as_text

LEAST = 10
"""Rows under which a class is called rare."""


class RareClass:
    """Classes with fewer than ten rows."""

    code: ClassVar[str] = "rare_class"
    title: ClassVar[str] = "Classes with few rows"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        if view.target is None or view.kind in ("regression", "text"):
            raise NotApplicable("the target has no classes" if view.target else "no target was given")
        labels = view.labels()
        if view.kind == "boxes":
            cells = read_cells(view.table.frame[view.target])
            names = [box.label for cell in cells if cell for box in cell.boxes]
            labels = pl.Series(view.target, names, pl.String)
        if view.kind == "multilabel":
            labels = as_text(labels.str.split("|").explode())
        counts = labels.drop_nulls().rename("class").value_counts(sort=True)
        rare = counts.filter(counts["count"] < LEAST).sort(["count", "class"])
        if rare.height == 0 or counts.height < 2:
            return []
        names, sizes = rare["class"].to_list(), rare["count"].to_list()
        shown = [f"{clipped(n, 30)} ({s})" for n, s in zip(names, sizes, strict=True)]
        first = labels.is_in(names) if len(labels) == view.table.rows else None
        rows = first.arg_true().head(ROWS_KEPT).to_list() if first is not None else []
        message = (
            f"{counted(rare.height, 'class', 'classes')} of {counts.height} in {view.target!r} "
            f"{'has' if rare.height == 1 else 'have'} fewer than {LEAST} rows: {quoted(shown)}. "
            "They can hardly be learned or scored: collect more rows, join them with a related class, or "
            "drop them."
        )
        details = {"classes": dict(zip(names[:100], sizes[:100], strict=True))}
        return [Finding(self.code, self.severity, self.title, message, (view.target,), tuple(rows), details)]
