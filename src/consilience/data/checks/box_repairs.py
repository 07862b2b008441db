"""Boxes that had to be mended or left out: reversed, without area, outside their image, cells that are no boxes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.data.box_cells import Cell, read_cells
from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.wording import row_list
from consilience.modalities.image_decode import open_header
from consilience.modalities.media import UnreadableError

OPENED = 1_000
"""Images whose size is read."""
SLACK = 1.0
"""Pixels that a box may reach beyond its image: rounding."""
MOST_PIXELS = 1 << 40
SAID = {
    "reversed": "boxes with their corners in the wrong order, which were turned",
    "dropped": "boxes without area, not finite or marked as crowds, which are left out",
    "outside": "boxes that reach beyond their image, which are cut at its edge",
    "unreadable": "cells that hold no list of boxes, whose rows count as unlabelled",
}


class BoxRepairs:
    """Boxes that are mended, cut or left out, counted by cause."""

    code: ClassVar[str] = "box_repairs"
    title: ClassVar[str] = "Boxes mended or left out"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        if view.kind != "boxes" or view.target is None:
            raise NotApplicable("the target is no list of boxes")
        values = view.table.frame[view.target]
        cells = read_cells(values)
        there = values.is_not_null().to_list()
        counts: dict[str, list[int]] = {
            "reversed": [i for i, c in enumerate(cells) if c for _ in range(c.reversed)],
            "dropped": [i for i, c in enumerate(cells) if c for _ in range(c.dropped)],
            "outside": _outside(view, cells),
            "unreadable": [i for i, c in enumerate(cells) if c is None and there[i] and str(values[i]).strip()],
        }
        known = {cause: rows for cause, rows in counts.items() if rows}
        if not known:
            return []
        parts = [f"{len(rows):,} {SAID[cause]} ({row_list(_rows(rows))})" for cause, rows in known.items()]
        message = f"In {view.target!r}: {'; '.join(parts)}."
        details: dict[str, Any] = {cause: len(rows) for cause, rows in known.items()}
        every = _rows([row for rows in known.values() for row in rows])
        severity: Severity = "warning" if set(known) - {"outside"} else "info"
        return [Finding(self.code, severity, self.title, message, (view.target,), every, details)]


def _rows(rows: list[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(rows))[:ROWS_KEPT]


def _outside(view: View, cells: list[Cell | None]) -> list[int]:
    """The row of every box that reaches beyond its image, among those whose images are opened."""
    images = view.inputs("image")
    if not images:
        return []
    column: pl.Series = view.table.frame[images[0]]
    rows = [i for i, cell in enumerate(cells) if cell and cell.boxes and column[i]]
    if len(rows) > OPENED:
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, OPENED).astype(int)]
    found = []
    for row in rows:
        cell = cells[row]
        try:
            header = open_header(column[row], MOST_PIXELS)
        except UnreadableError:
            continue  # `unreadable_media` counts it
        for box in cell.boxes if cell else ():
            if max(box.x1 - header.width, box.y1 - header.height, -box.x0, -box.y0) > SLACK:
                found.append(row)
    return found
