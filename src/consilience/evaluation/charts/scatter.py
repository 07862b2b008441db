"""Predicted against actual values, with the line on which a prediction is exact."""

from __future__ import annotations

import math
from collections.abc import Sequence

from consilience.evaluation.charts.svg import document, element, padded, text, tick_label, ticks, tooltip
from consilience.evaluation.language import Language, say

LEFT, TOP, BOTTOM = 62.0, 8.0, 44.0


def scatter(
    actual: Sequence[float | None],
    predicted: Sequence[float | None],
    names: tuple[str, str],
    width: int = 480,
    language: Language = "en",
) -> str:
    """
    Args:
        actual, predicted: [N] values of the same rows; a pair that is not finite is left out.
        names: axis titles (actual, predicted).
        width: px; the drawing area is square.
        language: of what a screen reader says.
    """
    points = [
        (a, p)
        for a, p in zip(actual, predicted, strict=True)
        if a is not None and p is not None and math.isfinite(a) and math.isfinite(p)
    ]
    low, high = padded([v for point in points for v in point])
    side = width - LEFT - 12

    def x_of(value: float) -> float:
        return LEFT + (value - low) / (high - low) * side

    def y_of(value: float) -> float:
        return TOP + side - (value - low) / (high - low) * side

    parts = []
    for value in ticks(low, high, 4 if width < 400 else 5):
        x, y, label = x_of(value), y_of(value), tick_label(value)
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=TOP, y2=TOP + side))
        parts.append(element("line", class_="grid", x1=LEFT, x2=LEFT + side, y1=y, y2=y))
        parts.append(text(x, TOP + side + 12, label, class_="tick", text_anchor="middle"))
        parts.append(text(LEFT - 6, y, label, class_="tick", text_anchor="end"))
    parts.append(element("line", class_="exact", x1=x_of(low), y1=y_of(low), x2=x_of(high), y2=y_of(high)))
    for a, p in points:
        dot = tooltip(f"{names[0]} {a:.4g}, {names[1]} {p:.4g}")
        parts.append(element("circle", dot, class_="point", cx=x_of(a), cy=y_of(p), r=3.0))
    parts.append(text(LEFT + side / 2, TOP + side + 32, names[0], class_="axis", text_anchor="middle"))
    turn = f"translate(10 {TOP + side / 2:.1f}) rotate(-90)"
    parts.append(element("g", text(0, 0, names[1], class_="axis", text_anchor="middle"), transform=turn))
    said = say("page.chart.scatter", language, x=names[0], y=names[1], rows=len(points))
    return document(width, TOP + side + BOTTOM, said, parts)
