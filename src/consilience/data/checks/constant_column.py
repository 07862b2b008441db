"""A column with one value, or none, teaches nothing."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from consilience.data.checks.base import Finding, Severity, View
from consilience.data.wording import clipped, counted, quoted
from consilience.modalities.cells import as_text


class ConstantColumn:
    """Columns with one value, or none at all."""

    code: ClassVar[str] = "constant_column"
    title: ClassVar[str] = "Column without variety"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        empty, constant = [], {}
        for name in view.table.frame.columns:
            column = view.table.frame[name]
            if name == view.target or len(column) < 2:
                continue
            values = (column if column.dtype == pl.Binary or column.dtype.is_nested() else as_text(column)).drop_nulls()
            if len(values) == 0:
                empty.append(name)
            elif values.n_unique() == 1:
                constant[name] = clipped(str(values[0]), 30)
        return [*self._empty(empty), *self._constant(constant, view)]

    def _empty(self, names: list[str]) -> list[Finding]:
        if not names:
            return []
        ignore = ",".join(names[:4]) + ("…" if len(names) > 4 else "")
        message = (
            f"{counted(len(names), 'column has', 'columns have')} no value in any row: {quoted(names)}. "
            f"Leave out with --ignore {ignore}, or see whether the file was read as meant."
        )
        return [Finding(self.code, self.severity, self.title, message, tuple(names))]

    def _constant(self, values: dict[str, str], view: View) -> list[Finding]:
        if not values:
            return []
        shown = [f"{name} = {value}" for name, value in values.items()]
        used = [name for name in values if name in view.schema.modalities]
        message = (
            f"{counted(len(values), 'column holds', 'columns hold')} one value only, from which nothing can "
            "be "
            f"learned: {quoted(shown)}. "
        )
        message += f"Leave out with --ignore {','.join(used[:4])}." if used else "Nothing is to do: left out already."
        severity: Severity = self.severity if used else "info"
        details = {"values": dict(values)}
        return [Finding(self.code, severity, self.title, message, tuple(values), details=details)]
