"""A column that names rows: a running number, a code, an address. Nothing can be learned from it."""

from __future__ import annotations

from typing import ClassVar

from consilience.data.checks.base import Finding, Severity, View, read_as
from consilience.data.column_profile import profile
from consilience.data.identifiers import identifier_reason
from consilience.data.wording import counted, quoted


class Identifier:
    """Columns that name rows: running numbers, codes, UUIDs, addresses."""

    code: ClassVar[str] = "identifier"
    title: ClassVar[str] = "Columns that name rows"
    severity: ClassVar[Severity] = "info"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        used: dict[str, str] = {}
        unused: dict[str, str] = {}
        inputs = view.schema.modalities
        for name in view.table.frame.columns:
            if name == view.target or read_as(inputs.get(name)).distinct:
                continue
            reason = identifier_reason(name, profile(view.table.frame[name]))
            if reason:
                (used if name in inputs else unused)[name] = reason
        found = []
        if used:
            advice = f"Leave out with --ignore {','.join(list(used)[:4])}{'…' if len(used) > 4 else ''}."
            found.append(self._finding(used, "warning", advice))
        if unused:
            found.append(
                self._finding(unused, self.severity, f"{'It is' if len(unused) == 1 else 'They are'} left out.")
            )
        return found

    def _finding(self, reasons: dict[str, str], severity: Severity, advice: str) -> Finding:
        shown = [f"{name} ({reason})" for name, reason in reasons.items()]
        which = counted(len(reasons), "column names", "columns name")
        message = f"{which} rows rather than describing them, so that nothing can be learned "
        message += f"from {'it' if len(reasons) == 1 else 'them'}: {quoted(shown)}. {advice}"
        return Finding(self.code, severity, self.title, message, tuple(reasons), details={"reasons": dict(reasons)})
