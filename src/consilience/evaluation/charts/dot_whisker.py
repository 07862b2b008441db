"""Scores with their intervals, one a line, in sections: who predicts how well, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from consilience.evaluation.charts.svg import (
    document,
    element,
    in_lines,
    padded,
    shortened,
    text,
    text_width,
    tick_below,
    tick_label,
    ticks,
    tooltip,
)

LINE, HEADING, AXIS, ROW, RADIUS = 28, 24, 34, 15, 5.0

Place = Callable[[float], float]
"""Value → x in px."""


class Score(NamedTuple):
    """One line: label, kind, value and interval.

    kind: default, network, reference, floor or alone, which decides colour and shape. shown: the value as
    text beside the mark. value None = undefined: the line stays, without a mark.
    """

    label: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    shown: str


def dot_whisker(
    sections: Sequence[tuple[str, Sequence[Score]]], axis: str, percent: bool, width: int = 720, room: float = 230.0
) -> str:
    """
    Args:
        sections: (heading, scores); a section without scores is left out.
        axis: what is measured, written under the axis.
        percent: tick labels as percentages.
        width: px; under 500 the label stands above its line. room: px for labels beside their lines, at most.
    """
    sections = [(heading, scores) for heading, scores in sections if scores]
    every = [score for _, scores in sections for score in scores]
    narrow = width < 500
    left = 8.0 if narrow else min(room, max((text_width(s.label) for s in every), default=0) + 24)
    right = width - (8.0 if narrow else max((text_width(s.shown) for s in every), default=0) + 16)
    known = [v for s in every for v in (s.low, s.value, s.high) if v is not None]
    low, high = padded(known)
    if known and min(known) >= 0 and max(known) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)

    def place(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    line = LINE + (16 if narrow else 0)
    bottom = sum(HEADING + line * len(scores) for _, scores in sections) + 6.0
    title = in_lines(axis, width)
    parts = _axis(place, (low, high), bottom, (title, percent, width))
    default = next((s.value for s in every if s.kind == "default" and s.value is not None), None)
    if default is not None:
        parts.append(element("line", class_="guide", x1=place(default), x2=place(default), y1=0.0, y2=bottom))
    y = 0.0
    for heading, scores in sections:
        parts.append(text(0, y + HEADING / 2 + 2, heading, class_="heading"))
        y += HEADING
        for score in scores:
            middle = y + line - LINE / 2
            parts.append(_labels(score, (middle, left, width), narrow))
            if score.value is not None:
                parts.append(_mark(score, place, middle))
            y += line
    said = ", ".join(f"{s.label} {s.shown}" for s in every)
    return document(width, bottom + AXIS + ROW * (len(title) - 1), f"{axis}: {said}", parts)


def _axis(place: Place, span: tuple[float, float], bottom: float, look: tuple[list[str], bool, int]) -> list[str]:
    title, percent, width = look
    parts = []
    for value in ticks(*span, most=4 if width < 500 else 7):
        x = place(value)
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=0.0, y2=bottom))
        parts.append(tick_below(x, bottom + 10, tick_label(value, percent), width))
    half = max(text_width(line) for line in title) / 2
    middle = min((place(span[0]) + place(span[1])) / 2, max(width - half, half))
    places = [(max(middle, half), bottom + 26 + ROW * i, line) for i, line in enumerate(title)]
    return [*parts, *(text(*place, class_="axis", text_anchor="middle") for place in places)]


def _labels(score: Score, at: tuple[float, float, int], narrow: bool) -> str:
    middle, left, width = at
    value = text(width, middle - (20 if narrow else 0), score.shown, class_="value", text_anchor="end")
    room = width - text_width(score.shown) - 30 if narrow else left - 18
    label = text(0, middle - (20 if narrow else 0), shortened(score.label, room), class_="label")
    return element("g", tooltip(score.label) + label + value)


def _mark(score: Score, place: Place, middle: float) -> str:
    assert score.value is not None
    x, parts = place(score.value), [tooltip(f"{score.label}: {score.shown}")]
    if score.low is not None and score.high is not None:
        low, high = place(score.low), place(score.high)
        parts.append(element("line", class_="whisker", x1=low, x2=high, y1=middle, y2=middle))
        parts += [
            element("line", class_="whisker", x1=end, x2=end, y1=middle - 4, y2=middle + 4) for end in (low, high)
        ]
    r = RADIUS
    if score.kind == "reference":
        shape = element("rect", x=x - r, y=middle - r, width=2 * r, height=2 * r)
    elif score.kind == "alone":
        corners = f"{x:.1f},{middle - r - 1.5:.1f} {x + r + 1.5:.1f},{middle:.1f} "
        corners += f"{x:.1f},{middle + r + 1.5:.1f} {x - r - 1.5:.1f},{middle:.1f}"
        shape = element("polygon", points=corners)
    elif score.kind == "floor":
        shape = element("line", class_="stroke", x1=x, x2=x, y1=middle - 7, y2=middle + 7)
    else:
        shape = element("circle", cx=x, cy=middle, r=r + (1.5 if score.kind == "default" else 0))
    return element("g", "".join([*parts, shape]), class_=f"mark {score.kind}")
