"""Numbers and words, or several ways to write a date, in one column."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl

from consilience.data.checks.base import Finding, Severity, View
from consilience.data.findings import ROWS_KEPT
from consilience.data.wording import clipped, quoted, row_list, share
from consilience.modalities.affixes import are_bounds
from consilience.modalities.cells import as_number, as_text, is_missing_token

LEAST_NUMBERS = 0.5
"""Share of numbers from which a column seems to be meant as numbers."""
MANY_NUMBERS = 20
"""Distinct numbers from which a category with numbers seems to be meant as numbers."""
LEAST_FORMAT = 0.005
"""Share of the cells from which a way to write dates is counted."""
MONTHS = (
    r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janv|févr|mars|avr|mai|juin|juil|août|okt|dez|ene|abr|ago|dic)"
    r"[\p{L}]*\.?"
)


class MixedTypes:
    """Numbers and words in one column, or dates written in several ways."""

    code: ClassVar[str] = "mixed_types"
    title: ClassVar[str] = "Mixed kinds of values"
    severity: ClassVar[Severity] = "warning"
    slow: ClassVar[bool] = False

    def look(self, view: View) -> list[Finding]:
        modalities = view.schema.modalities
        found: list[Finding] = []
        for name in view.table.frame.columns:
            column = view.table.frame[name]
            modality = modalities.get(name, "number" if name == view.target and view.kind == "regression" else "")
            if column.dtype != pl.String or modality not in ("number", "category", "date"):
                continue
            text = as_text(column)
            if modality == "date":
                found += self._dates(name, text)
                continue
            bounds = modality == "number" and name != view.target  # as the modality and the task read them
            number = as_number(text, bounds=bounds).is_not_null()
            found += self._numbers(name, text, modality, number)
            found += self._bounds(name, text, number) if bounds else []
        return found

    def _bounds(self, name: str, text: pl.Series, number: pl.Series) -> list[Finding]:
        loose = (are_bounds(text) & number).fill_null(False)
        count = int(loose.sum())
        if not count:
            return []
        rows = loose.arg_true().head(ROWS_KEPT).to_list()
        words = text.filter(loose).unique(maintain_order=True).head(20).to_list()
        message = (
            f"{name!r} holds {count:,} bounds or rough numbers ({share(count, len(text))}): "
            f"{quoted(clipped(w, 20) for w in words)} (first {row_list(rows)}). Each counts as the number it names."
        )
        details = {"bounds": count, "examples": words}
        return [Finding(self.code, "info", self.title, message, (name,), tuple(rows), details)]

    def _numbers(self, name: str, text: pl.Series, modality: str, number: pl.Series) -> list[Finding]:
        known = text.is_not_null() & ~is_missing_token(text).fill_null(False)
        odd = known & ~number
        count, total = int(odd.sum()), int(known.sum())
        if not count or int((known & number).sum()) < LEAST_NUMBERS * total:
            return []
        if modality == "category" and text.filter(number).n_unique() < MANY_NUMBERS:
            return []
        rows = odd.arg_true().head(ROWS_KEPT).to_list()
        words = text.filter(odd).unique(maintain_order=True).head(20).to_list()
        read = (
            "These cells are read as missing numbers"
            if modality == "number"
            else f"It is read as categories; if it is a number, clean it or give --set columns.{name}=number"
        )
        message = (
            f"{name!r} holds {total - count:,} numbers and {count:,} cells ({share(count, total)}) that are "
            "none: "
            f"{quoted(clipped(w, 20) for w in words)} (first {row_list(rows)}). {read}."
        )
        details: dict[str, Any] = {"numbers": total - count, "others": count, "examples": words}
        return [Finding(self.code, self.severity, self.title, message, (name,), tuple(rows), details)]

    def _dates(self, name: str, text: pl.Series) -> list[Finding]:
        shapes = date_shapes(text)
        counts = shapes.drop_nulls().rename("shape").value_counts(sort=True)
        often = counts.filter(counts["count"] >= max(1, LEAST_FORMAT * len(shapes.drop_nulls())))
        if often.height < 2:
            return self._day_or_month(name, text)
        shown, rows = [], []
        for shape, count in often.head(4).iter_rows():
            first = (shapes == shape).arg_true()[0]
            rows.append(int(first))
            shown.append(f"{text[first]} ({count:,} cells)")
        message = (
            f"{name!r} writes dates in {often.height} ways: {', '.join(shown)}. "
            "Day and month may be read wrongly; write all dates as YYYY-MM-DD."
        )
        details = {"formats": dict(often.head(20).iter_rows())}
        return [Finding(self.code, self.severity, self.title, message, (name,), tuple(rows), details)]

    def _day_or_month(self, name: str, text: pl.Series) -> list[Finding]:
        """One way to write dates, but the day comes first in some and the month in others."""
        parts = text.str.extract_groups(r"^\s*(?<a>\d{1,2})[./-](?<b>\d{1,2})[./-]\d{2,4}").struct
        first, second = (parts.field(k).cast(pl.Int64).fill_null(0) > 12 for k in "ab")
        if not first.any() or not second.any():
            return []
        rows = (int(first.arg_true()[0]), int(second.arg_true()[0]))
        message = (
            f"{name!r} writes the day first in {int(first.sum()):,} dates (row {rows[0]}: {text[rows[0]]}) "
            "and the "
            f"month first in {int(second.sum()):,} (row {rows[1]}: {text[rows[1]]}). Write all as YYYY-MM-DD."
        )
        return [Finding(self.code, self.severity, self.title, message, (name,), rows)]


def date_shapes(text: pl.Series) -> pl.Series:
    """How each cell writes its date: 2020-01-31 → Y-9-9, 31.1.2020 → 9.9.Y, 3 May 2020 → 9 M Y; times are
    cut."""
    date = text.str.replace(r"[T ]?\d{1,2}:\d{2}.*$", "").str.strip_chars()
    months = date.str.replace_all(MONTHS, "M")
    return months.str.replace_all(r"\d{4}", "Y").str.replace_all(r"\d+", "9").str.replace_all(r"\s+", " ")
