"""Horizontal bars with their values written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from consilience.evaluation.charts.svg import document, element, shortened, text, text_width, tooltip

LINE, THICK = 30, 14.0


class Bar(NamedTuple):
    """label, value ≥ 0, the value as text, and kind (colour)."""

    label: str
    value: float
    shown: str
    kind: str = "default"


def bars(rows: Sequence[Bar], label: str, width: int = 720, full: float | None = None) -> str:
    """
    Args:
        label: what a screen reader says the bars are.
        width: px; under 500 labels stand above their bars.
        full: value of a bar of full length; the largest value when None.
    """
    narrow = width < 500
    full = full or max((row.value for row in rows), default=0) or 1.0
    left = 0.0 if narrow else min(310.0, max((text_width(r.label) for r in rows), default=0) + 24)
    right = width - max((text_width(r.shown) for r in rows), default=0) - 20
    line = LINE + (16 if narrow else 0)
    parts = []
    for number, row in enumerate(rows):
        middle = number * line + line - LINE / 2
        length = max(row.value / full, 0.0) * (right - left)
        room = width - 4.0 if narrow else left - 18
        top = middle - THICK / 2
        shape = [
            tooltip(f"{row.label}: {row.shown}"),
            text(0, middle - (18 if narrow else 0), shortened(row.label, room), class_="label"),
            element("rect", class_="track", x=left, y=top, width=right - left, height=THICK, rx=3),
            text(width, middle, row.shown, class_="value", text_anchor="end"),
        ]
        if length >= 0.5:
            shape.insert(3, element("rect", class_="bar", x=left, y=top, width=length, height=THICK, rx=3))
        parts.append(element("g", "".join(shape), class_=row.kind))
    said = ", ".join(f"{row.label} {row.shown}" for row in rows)
    return document(width, len(rows) * line + 4, f"{label}: {said}", parts)
