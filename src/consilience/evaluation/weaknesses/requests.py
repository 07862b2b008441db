"""What the user asked the report to look at, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from consilience.core.costs import check_costs
from consilience.core.errors import InputError, nearest
from consilience.core.recipe import Report
from consilience.core.registry import names
from consilience.evaluation.weaknesses.conditions import rows_where


def check_report(report: Report, frame: pl.DataFrame, classes: Sequence[str]) -> None:
    """Every named slice and fairness column against the training table, and the costs against the classes.

    Raises:
        InputError: for a condition that cannot be read or compared, a column that is not in the table, or costs that
            do not fit the classes.
    """
    for name in report.analyses or ():
        if name not in names("analysis"):
            fix = nearest(name, names("analysis"))
            raise InputError(f"no analysis is named {name!r}", where="report.analyses", fix=fix)
    if report.costs is not None:
        check_costs(report.costs, classes)
    for text in report.slices:
        rows_where(text, frame)
    for name in report.fairness:
        if name not in frame.columns:
            raise InputError(f"no column is named {name!r}", where="report.fairness", fix=nearest(name, frame.columns))
