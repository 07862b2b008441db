"""Rows without a target can be used, but neither trained on nor scored as labelled rows."""

from __future__ import annotations

from typing import ClassVar

from consilience.data.checks.base import Finding, NotApplicable, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.wording import quoted, row_list, share
from consilience.modalities.cells import as_text, is_missing_token


class MissingTarget:
    """Rows without a target, and words such as "NA" that stand as a class."""

    code: ClassVar[str] = "missing_target"
    title: ClassVar[str] = "Rows without a target"
    severity: ClassVar[Severity] = "info"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        if view.target is None:
            raise NotApplicable("no target was given")
        labels = as_text(view.table.frame[view.target])
        missing = labels.is_null()
        findings = []
        count, total = int(missing.sum()), len(labels)
        if count:
            rows = missing.arg_true().head(ROWS_KEPT).to_list()
            severity: Severity = "error" if count == total else "warning" if count > total / 2 else self.severity
            message = (
                f"{count:,} of {total:,} rows ({share(count, total)}) have no {view.target!r}, "
                f"first {row_list(rows)}: they are kept as unlabelled rows and count neither in training "
                "nor in scores."
            )
            findings.append(
                Finding(self.code, severity, self.title, message, (view.target,), tuple(rows), {"count": count})
            )
        return findings + self._tokens(view, view.target)

    def _tokens(self, view: View, target: str) -> list[Finding]:
        """Words such as "NA" or "?" that stand as a class of their own."""
        if view.kind in ("regression", "boxes"):
            return []
        labels = view.labels()
        odd = (is_missing_token(labels) & labels.is_not_null()).fill_null(False)
        if not odd.any():
            return []
        words = labels.filter(odd).unique().sort().to_list()
        rows = odd.arg_true().head(ROWS_KEPT).to_list()
        message = (
            f"{int(odd.sum()):,} rows have {quoted(words)} as {target!r}, which usually means that the "
            "value is not "
            "known; it is read as a class of its own. Empty these cells if they are unlabelled rows."
        )
        return [Finding(self.code, "warning", self.title, message, (target,), tuple(rows), {"words": words})]
