"""A quantity against a rising strength, with its interval as a band: one small panel of many on a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from consilience.evaluation.charts.svg import (
    document,
    element,
    padded,
    shortened,
    text,
    tick_below,
    tick_label,
    ticks,
    tooltip,
)

LEFT, RIGHT, TOP, HEIGHT, BOTTOM = 54.0, 14.0, 24.0, 120.0, 40.0


class Point(NamedTuple):
    """label: the strength as text. value and its interval; None where undefined."""

    label: str
    value: float | None
    low: float | None
    high: float | None


def span_of(panels: Sequence[Sequence[Point]]) -> tuple[float, float]:
    """The scale that holds every point of every panel."""
    known = [v for points in panels for p in points for v in (p.value, p.low, p.high) if v is not None]
    return padded(known)


def bands(
    title: str,
    points: Sequence[Point],
    axes: tuple[str, str],
    span: tuple[float, float],
    percent: bool = False,
    width: int = 360,
) -> str:
    """
    Args:
        title: above the panel. points: evenly spaced, the first one undisturbed; a dashed line carries its value.
        axes: (strength, quantity), the second for screen readers. span: lowest and highest of the scale.
        percent: tick labels as percentages. width: px.
    """
    low, high = span

    def x_of(place: int) -> float:
        return LEFT + place / max(len(points) - 1, 1) * (width - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return TOP + (high - value) / (high - low) * HEIGHT

    parts = [text(0, 9, shortened(title, width), class_="heading")]
    for value in ticks(low, high, 4):
        y = y_of(value)
        parts.append(element("line", class_="grid", x1=LEFT, x2=width - RIGHT, y1=y, y2=y))
        parts.append(text(LEFT - 6, y, tick_label(value, percent), class_="tick", text_anchor="end"))
    for place, point in enumerate(points):
        parts.append(tick_below(x_of(place), TOP + HEIGHT + 12, point.label, width))
    middle = (LEFT + width - RIGHT) / 2
    parts.append(text(middle, TOP + HEIGHT + 30, axes[0], class_="axis", text_anchor="middle"))
    if points and points[0].value is not None:
        y = y_of(points[0].value)
        parts.append(element("line", class_="guide", x1=LEFT, x2=width - RIGHT, y1=y, y2=y))
    parts += _band([(x_of(i), y_of(p.low), y_of(p.high)) for i, p in enumerate(points) if None not in (p.low, p.high)])  # type: ignore[arg-type]
    placed = [(x_of(i), y_of(p.value), p) for i, p in enumerate(points) if p.value is not None]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in placed)
    parts.append(element("polyline", class_="line c0", points=line))
    for x, y, point in placed:
        parts.append(
            element("circle", tooltip(f"{point.label}: {point.value:.4g}"), class_="line c0", cx=x, cy=y, r=3.0)
        )
    said = ", ".join(f"{p.label} {p.value:.4g}" for _, _, p in placed)
    return document(width, TOP + HEIGHT + BOTTOM, f"{title}: {axes[1]} by {axes[0]}: {said}", parts)


def _band(ends: Sequence[tuple[float, float, float]]) -> list[str]:
    if len(ends) < 2:
        return []
    around = [(x, low) for x, low, _ in ends] + [(x, high) for x, _, high in reversed(ends)]
    return [element("polygon", class_="band c0", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in around))]
