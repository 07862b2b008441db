"""What was predicted against what happened, with the line of honest probabilities and how many rows say what."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from consilience.evaluation.charts.svg import (
    document,
    element,
    shortened,
    text,
    text_width,
    tick_below,
    tick_label,
    tooltip,
)

LEFT, RIGHT, BOTTOM, STRIP, GAP = 58.0, 14.0, 44.0, 46.0, 10.0
Place = Callable[[float, float], tuple[float, float]]
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Dot(NamedTuple):
    """A bin: mean predicted and observed share 0..1, the interval of the observed, and what a pointer reads."""

    predicted: float
    observed: float
    low: float | None
    high: float | None
    words: str


class Names(NamedTuple):
    """Axis titles and, for the legend, what filled dots, rings and the line are."""

    predicted: str
    observed: str
    dots: str
    rings: str
    honest: str


def reliability(
    dots: Sequence[Dot], rings: Sequence[Dot], histogram: Sequence[float], names: Names, width: int = 480
) -> str:
    """
    Args:
        dots: drawn filled, with whiskers and joined by a line. rings: another prediction, hollow; may be empty.
        histogram: rows in bins of equal width from 0 to 1, drawn as a strip under the square; may be
            empty.
        width: px; the drawing area is square.
    """
    legend, top = _legend(names, bool(rings), width)
    side = width - LEFT - RIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + x * side, top + (1 - y) * side

    parts = [legend]
    for value in TICKS:
        x, y = place(value, value)
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=top, y2=top + side))
        parts.append(element("line", class_="grid", x1=LEFT, x2=LEFT + side, y1=y, y2=y))
        parts.append(text(LEFT - 6, y, tick_label(value, True), class_="tick", text_anchor="end"))
    (x1, y1), (x2, y2) = place(0, 0), place(1, 1)
    parts.append(element("line", class_="exact", x1=x1, y1=y1, x2=x2, y2=y2))
    for dot in rings:
        x, y = place(dot.predicted, dot.observed)
        parts.append(element("circle", tooltip(dot.words), class_="ring c1", cx=x, cy=y, r=4.0))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(d.predicted, d.observed) for d in dots))
    if len(dots) > 1:
        parts.append(element("polyline", points=path, class_="line c0"))
    for dot in dots:
        x, y = place(dot.predicted, dot.observed)
        parts.append(element("g", _whisker(dot, place) + _disc(dot, x, y), class_="mark default"))
    bottom = top + side + (GAP + STRIP if histogram else 0.0)
    parts += _strip(histogram, bottom - STRIP, side) if histogram else []
    for value in TICKS:
        x, _ = place(value, 0)
        parts.append(tick_below(x, bottom + 12, tick_label(value, True), width))
    parts.append(text(LEFT + side / 2, bottom + 31, names.predicted, class_="axis", text_anchor="middle"))
    turn = f"translate(8 {top + side / 2:.1f}) rotate(-90)"
    parts.append(element("g", text(0, 0, names.observed, class_="axis", text_anchor="middle"), transform=turn))
    said = "; ".join(dot.words for dot in dots)
    return document(width, bottom + BOTTOM, f"{names.observed}, {names.predicted}: {said}", parts)


def _whisker(dot: Dot, place: Place) -> str:
    if dot.low is None or dot.high is None or not (math.isfinite(dot.low) and math.isfinite(dot.high)):
        return ""
    (x, low), (_, high) = place(dot.predicted, dot.low), place(dot.predicted, dot.high)
    return element("line", class_="whisker", x1=x, x2=x, y1=low, y2=high)


def _disc(dot: Dot, x: float, y: float) -> str:
    return element("circle", tooltip(dot.words), cx=x, cy=y, r=5.0)


def _strip(histogram: Sequence[float], top: float, side: float) -> list[str]:
    most = max(histogram, default=0.0)
    parts = [element("line", class_="grid", x1=LEFT, x2=LEFT + side, y1=top + STRIP, y2=top + STRIP)]
    step = side / max(len(histogram), 1)
    for number, rows in enumerate(histogram):
        tall = STRIP * rows / most if most else 0.0
        if tall > 0:
            look = {"width": max(step - 1.5, 1.0), "height": tall, "class_": "bar"}
            bar = element("rect", tooltip(f"{rows:,.0f}"), x=LEFT + number * step, y=top + STRIP - tall, **look)
            parts.append(element("g", bar, class_="default"))
    return parts


def _legend(names: Names, with_rings: bool, width: float) -> tuple[str, float]:
    """Which mark is what, in rows; and where the drawing area begins."""
    disc = element("g", element("circle", cx=9.0, cy=0.0, r=5.0), class_="mark default")
    line = element("line", class_="exact", x1=0.0, x2=18.0, y1=0.0, y2=0.0)
    ring = element("circle", class_="ring c1", cx=9.0, cy=0.0, r=4.0)
    every = [(disc, names.dots), *([(ring, names.rings)] if with_rings else []), (line, names.honest)]
    parts, x, y = [], 0.0, 9.0
    for mark, name in every:
        label = shortened(name, width - 30)
        room = text_width(label) + 36
        if x + room > width and x > 0:
            x, y = 0.0, y + 18.0
        parts.append(element("g", mark + text(23, 0, label, class_="tick"), transform=f"translate({x:.1f} {y:.1f})"))
        x += room
    return "".join(parts), y + 18.0
