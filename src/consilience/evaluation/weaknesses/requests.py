"""What the user asked the report to look at, checked before anything is trained."""

from __future__ import annotations

import polars as pl

from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Report
from consilience.evaluation.weaknesses.conditions import rows_where


def check_report(report: Report, frame: pl.DataFrame) -> None:
    """Every named slice and fairness column against the training table.

    Raises:
        InputError: for a condition that cannot be read or compared, or a column that is not in the table.
    """
    for text in report.slices:
        rows_where(text, frame)
    for name in report.fairness:
        if name not in frame.columns:
            raise InputError(f"no column is named {name!r}", where="report.fairness", fix=nearest(name, frame.columns))
