"""A quantity by epoch, one line a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from consilience.evaluation.charts.svg import (
    document,
    element,
    padded,
    shortened,
    text,
    text_width,
    tick_label,
    ticks,
    tooltip,
)
from consilience.evaluation.language import Language, say

LEFT, RIGHT, HEIGHT, BOTTOM, LEGEND = 54.0, 12.0, 190.0, 42.0, 18.0
COLOURS = 7
DASHES = (None, "6 3", "2 3")

Points = Sequence[tuple[int, float]]


def curves(
    series: Mapping[str, Points],
    axes: tuple[str, str],
    percent: bool = False,
    best: Mapping[str, int] | None = None,
    width: int = 420,
    language: Language = "en",
) -> str:
    """
    Args:
        series: name → (epoch from 1, value) points; values that are not finite are left out.
        axes: names of the axes (epoch, quantity).
        percent: tick labels of the quantity as percentages.
        best: name → epoch to ring.
        width: px.
        language: of what a screen reader says.
    """
    lines = {n: [(e, v) for e, v in points if math.isfinite(v)] for n, points in series.items()}
    lines = {name: points for name, points in lines.items() if points}
    legend, top = _legend(list(lines), width) if len(lines) > 1 else ("", 22.0)
    epochs = [e for points in lines.values() for e, _ in points]
    first, last = (min(epochs), max(epochs)) if epochs else (1, 1)
    low, high = padded([v for points in lines.values() for _, v in points])

    def x_of(epoch: float) -> float:
        return LEFT + (epoch - first + (0.5 if first == last else 0)) / max(last - first, 1) * (width - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return top + (high - value) / (high - low) * HEIGHT

    parts = [text(0, 9, axes[1], class_="axis"), legend]
    for value in ticks(low, high, 5):
        y = y_of(value)
        parts.append(element("line", class_="grid", x1=LEFT, x2=width - RIGHT, y1=y, y2=y))
        parts.append(text(LEFT - 6, y, tick_label(value, percent), class_="tick", text_anchor="end"))
    for value in ticks(first, last, 6):
        if value == round(value):
            at = top + HEIGHT + 12
            parts.append(text(x_of(value), at, tick_label(value), class_="tick", text_anchor="middle"))
    middle = (LEFT + width - RIGHT) / 2
    parts.append(text(middle, top + HEIGHT + 30, axes[0], class_="axis", text_anchor="middle"))
    for number, (name, points) in enumerate(lines.items()):
        placed = [(x_of(e), y_of(v)) for e, v in points]
        parts.append(_line(name, placed, number))
        ring = next((i for i, (e, _) in enumerate(points) if e == (best or {}).get(name)), None)
        if ring is not None:
            x, y = placed[ring]
            parts.append(element("circle", class_=f"ring c{number % COLOURS}", cx=x, cy=y, r=4.5))
    every = (_said(name, points, language) for name, points in lines.items())
    said = say("page.chart.curves", language, x=axes[0], y=axes[1], said="; ".join(every))
    return document(width, top + HEIGHT + BOTTOM, said, parts)


def _said(name: str, points: Points, language: Language) -> str:
    ends = {"first": f"{points[0][1]:.4g}", "last": f"{points[-1][1]:.4g}"}
    return say("page.chart.curve", language, name=name, **ends)


def _line(name: str, placed: list[tuple[float, float]], number: int) -> str:
    look = {"class_": f"line c{number % COLOURS}"}
    if len(placed) == 1:
        return element("circle", tooltip(name), cx=placed[0][0], cy=placed[0][1], r=3.0, **look)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dash = DASHES[number // COLOURS % len(DASHES)]
    return element("polyline", tooltip(name), points=path, stroke_dasharray=dash, **look)


def _legend(names: list[str], width: float) -> tuple[str, float]:
    """Samples and names in rows under the title; and where the drawing area begins."""
    parts, x, y = [], 0.0, 28.0
    for number, name in enumerate(names):
        shown = shortened(name, 120)
        room = text_width(shown) + 34
        if x + room > width and x > 0:
            x, y = 0.0, y + LEGEND
        dash = DASHES[number // COLOURS % len(DASHES)]
        look = {"class_": f"line c{number % COLOURS}", "stroke_dasharray": dash}
        parts.append(element("line", x1=x, x2=x + 18, y1=y, y2=y, **look))
        parts.append(text(x + 23, y, shown, class_="tick"))
        x += room
    return "".join(parts), y + LEGEND
