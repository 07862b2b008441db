"""Quantities over a number, as lines with bands for their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from consilience.evaluation.charts.svg import (
    document,
    element,
    padded,
    shortened,
    text,
    text_width,
    tick_below,
    tick_label,
    ticks,
    tooltip,
)

LEFT, RIGHT, BOTTOM, LEGEND = 58.0, 14.0, 44.0, 18.0
COLOURS = 7
DASHES = (None, "7 4", "2 3", "9 3 2 3")

Point = tuple[float, float | None]


class Line(NamedTuple):
    """name, (x, value) points, and (x, low, high) of its band; values None or not finite are left out."""

    name: str
    points: Sequence[Point]
    band: Sequence[tuple[float, float | None, float | None]] = ()


class Axes(NamedTuple):
    """names: of x and y. percents: whether their ticks are percentages. limits: (low, high) of y to cut at, or None.
    guide: x of a vertical line, or None.
    """

    names: tuple[str, str]
    percents: tuple[bool, bool] = (False, False)
    limits: tuple[float, float] | None = None
    guide: float | None = None


class Frame(NamedTuple):
    """Where the drawing area lies, px, and what it spans."""

    width: int
    top: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Position in px; y is cut at the area's edges."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = min(max((y - self.y[0]) / (self.y[1] - self.y[0]), 0.0), 1.0)
        return LEFT + across * (self.width - LEFT - RIGHT), self.top + (1 - up) * self.height


def lines(series: Sequence[Line], axes: Axes, width: int = 760) -> str:
    """
    Args:
        series: at most 28 lines told apart by colour and dashes; a legend names them when there is more than one.
        width: px; the drawing area is about half as high.
    """
    known = [line._replace(points=[p for p in line.points if _finite(*p)]) for line in series]
    known = [line for line in known if line.points]
    legend, top = _legend([line.name for line in known], width) if len(known) > 1 else ("", 22.0)
    frame = _frame(known, axes, width, top)
    parts = [text(0, 9, shortened(axes.names[1], width), class_="axis"), legend, *_grid(frame, axes)]
    if axes.guide is not None and frame.x[0] <= axes.guide <= frame.x[1]:
        x, _ = frame.at(axes.guide, frame.y[0])
        parts.append(element("line", class_="guide", x1=x, x2=x, y1=top, y2=top + frame.height))
    parts += [_band(line, frame, number) for number, line in enumerate(known)]
    parts += [_line(line, frame, number) for number, line in enumerate(known)]
    said = "; ".join(f"{n.name} {n.points[0][1]:.4g} – {n.points[-1][1]:.4g}" for n in known)
    return document(width, top + frame.height + BOTTOM, f"{axes.names[1]}, {axes.names[0]}: {said}", parts)


def _finite(*values: float | None) -> bool:
    return all(v is not None and math.isfinite(v) for v in values)


def _frame(known: Sequence[Line], axes: Axes, width: int, top: float) -> Frame:
    across = [x for line in known for x, _ in line.points]
    up = [y for line in known for _, y in line.points if y is not None]
    up += [v for line in known for point in line.band for v in point[1:] if v is not None and math.isfinite(v)]
    first, last = (min(across), max(across)) if across else (0.0, 1.0)
    low, high = padded(up)
    if axes.limits is not None:
        low, high = max(low, axes.limits[0]), min(high, axes.limits[1])
        if high <= low:
            low, high = axes.limits
    return Frame(width, top, 150.0 if width < 500 else 240.0, (first, last if last > first else first + 1), (low, high))


def _grid(frame: Frame, axes: Axes) -> list[str]:
    parts = []
    bottom = frame.top + frame.height
    for value in ticks(*frame.y, 5):
        _, y = frame.at(frame.x[0], value)
        parts.append(element("line", class_="grid", x1=LEFT, x2=frame.width - RIGHT, y1=y, y2=y))
        parts.append(text(LEFT - 6, y, tick_label(value, axes.percents[1]), class_="tick", text_anchor="end"))
    for value in ticks(*frame.x, 5 if frame.width < 500 else 8):
        x, _ = frame.at(value, frame.y[0])
        parts.append(tick_below(x, bottom + 12, tick_label(value, axes.percents[0]), frame.width))
    middle = (LEFT + frame.width - RIGHT) / 2
    return [*parts, text(middle, bottom + 31, axes.names[0], class_="axis", text_anchor="middle")]


def _band(line: Line, frame: Frame, number: int) -> str:
    known = [(x, low, high) for x, low, high in line.band if low is not None and high is not None]
    known = [point for point in known if _finite(*point)]
    if len(known) < 2:
        return ""
    border = [frame.at(x, high) for x, _, high in known] + [frame.at(x, low) for x, low, _ in reversed(known)]
    return element(
        "polygon", class_=f"band c{number % COLOURS}", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in border)
    )


def _line(line: Line, frame: Frame, number: int) -> str:
    placed = [frame.at(x, y) for x, y in line.points if y is not None]
    if len(placed) == 1:
        look = {"class_": f"line c{number % COLOURS}", "r": 3.0}
        return element("circle", tooltip(line.name), cx=placed[0][0], cy=placed[0][1], **look)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dash = DASHES[number % len(DASHES)]
    return element(
        "polyline", tooltip(line.name), points=path, class_=f"line c{number % COLOURS}", stroke_dasharray=dash
    )


def _legend(names: Sequence[str], width: int) -> tuple[str, float]:
    """Samples and names in rows under the title; and where the drawing area begins."""
    parts, x, y = [], 0.0, 28.0
    for number, name in enumerate(names):
        label = shortened(name, width - 40)
        room = text_width(label) + 42
        if x + room > width and x > 0:
            x, y = 0.0, y + LEGEND
        look = {"class_": f"line c{number % COLOURS}", "stroke_dasharray": DASHES[number % len(DASHES)]}
        parts.append(element("line", x1=x, x2=x + 24, y1=y, y2=y, **look))
        parts.append(text(x + 29, y, label, class_="tick"))
        x += room
    return "".join(parts), y + LEGEND
