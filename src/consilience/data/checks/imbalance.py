"""One class so frequent that always naming it scores well."""

from __future__ import annotations

from typing import ClassVar

from consilience.data.checks.base import Finding, Severity, View
from consilience.data.checks.rare_class import LEAST
from consilience.data.wording import clipped, share

OFTEN = 0.8
"""Share of one class from which accuracy says little."""
VERY_OFTEN = 0.95
RATIO = 10
"""Rows of the largest class over those of the smallest that is not rare."""


class Imbalance:
    """One class so frequent that accuracy says little, or classes of very different size."""

    code: ClassVar[str] = "imbalance"
    title: ClassVar[str] = "Classes of very different size"
    severity: ClassVar[Severity] = "info"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        labels = view.classes().drop_nulls()
        counts = labels.rename("class").value_counts(sort=True)
        if counts.height < 2 or view.target is None:
            return []
        names, sizes = counts["class"].to_list(), counts["count"].to_list()
        top = sizes[0] / len(labels)
        small = [(n, s) for n, s in zip(names, sizes, strict=True) if s >= LEAST]
        smallest, least = small[-1] if small else (names[-1], sizes[-1])
        if top < OFTEN and sizes[0] < RATIO * least:
            return []
        message = (
            f"Class {clipped(names[0], 30)!r} of {view.target!r} has {sizes[0]:,} of {len(labels):,} rows "
            f"({share(sizes[0], len(labels))}) and {clipped(smallest, 30)!r} has {least:,}: always answering "
            f"{clipped(names[0], 30)!r} is right {share(sizes[0], len(labels))} of the time, so read "
            "balanced accuracy "
            "or PR AUC, and try --set train.class_weights=balanced if the small classes matter."
        )
        severity: Severity = "warning" if top >= VERY_OFTEN else self.severity
        details = {"largest": [names[0], sizes[0]], "smallest": [smallest, least]}
        return [Finding(self.code, severity, self.title, message, (view.target,), details=details)]
