"""Images, sounds and videos that are missing, empty or broken: each is decoded as preparation will decode it, in
threads."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.core.recipe import Prepare
from consilience.core.registry import get
from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.table import Table
from consilience.data.wording import clipped, row_list, share
from consilience.modalities.base import Problem, merge_problems

MOST = 100_000
"""Files opened; of more, a random sample."""
BATCH = 64
SMALL = Prepare.model_validate({"image_size": 16, "frames": 2})
"""Reading is what matters here: small pictures, and few frames, keep the check quick."""


class UnreadableMedia:
    """Files of a media column that cannot be decoded, with row and file."""

    code: ClassVar[str] = "unreadable_media"
    title: ClassVar[str] = "Files that cannot be read"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = True

    def look(self, view: View) -> list[Finding]:
        columns = [c for c, m in view.schema.modalities.items() if get("modality", m).media]
        if not columns:
            raise NotApplicable("no column of images, sounds or videos")
        found = []
        for name in columns:
            for table in (view.table, *view.others.values()):
                if name in table.frame.columns:
                    found += self._column(view, table, name)
        return found

    def _column(self, view: View, table: Table, name: str) -> list[Finding]:
        rows = np.flatnonzero(table.frame[name].is_not_null().to_numpy())
        if len(rows) > MOST:
            rows = np.sort(np.random.default_rng(view.seed).choice(rows, MOST, replace=False))
        problems = decode_all(view, table.frame[name][rows], view.schema.modalities[name])
        count = sum(p.count for p in problems)
        if not count:
            return []
        bad = tuple(int(rows[row]) for p in problems for row in p.rows)[:ROWS_KEPT]
        reasons = Counter(clipped(e, 100) for p in problems for e in p.examples)
        sampled = f" (a sample of {len(rows):,} was opened)" if len(rows) < table.rows else ""
        message = (
            f"{count:,} of {len(rows):,} {view.schema.modalities[name]} cells in {name!r} of {table.name} "
            f"({share(count, len(rows))}) cannot be read{sampled}, {row_list(bad)}: {next(iter(reasons))}. "
            "Mend the files, drop these rows, or train with --set prepare.unreadable=missing."
        )
        severity: Severity = "error" if count > len(rows) / 2 else self.severity
        details: dict[str, Any] = {"table": table.name, "count": count, "reasons": dict(reasons)}
        return [Finding(self.code, severity, self.title, message, (name,), bad, details)]


def decode_all(view: View, cells: pl.Series, name: str) -> list[Problem]:
    """Problems of decoding every cell, rows counted from the series' start."""
    modality = get("modality", name)
    if not len(cells):
        return []
    try:
        facts = modality.learn({cells.name: cells}, SMALL)
    except InputError as error:  # not one of them can be read
        return [Problem("unreadable_media", cells.name, error.what, len(cells), [0], [error.what])]

    def work(start: int) -> tuple[int, list[Problem]]:
        return start, modality.arrays({cells.name: cells[start : start + BATCH]}, facts).problems

    parts = []
    with ThreadPoolExecutor() as pool:
        for start, problems in pool.map(work, range(0, len(cells), BATCH)):
            parts.append((start, problems))
            done = min(start + BATCH, len(cells))
            event = {
                "event": "progress",
                "name": f"open files of {cells.name}",
                "done": done,
                "total": len(cells),
            }
            view.listener(event)
    return merge_problems(parts)
