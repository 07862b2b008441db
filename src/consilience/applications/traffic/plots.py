"""Three pictures as SVG files that stand alone: counts a minute, speeds, ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from consilience.applications.traffic.crossing import Line as CountLine
from consilience.applications.traffic.joining import Path
from consilience.evaluation.charts.bars import Bar, bars
from consilience.evaluation.charts.lines import Axes, Line, lines
from consilience.evaluation.charts.svg import document, element, text

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#56b4e9")
STYLE = (
    "svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#222}.grid{stroke:#ddd}.track{fill:#eee}"
    ".bar{fill:#0072b2}.line{fill:none;stroke-width:2}"
    + "".join(f".c{number}{{stroke:{colour}}}" for number, colour in enumerate(COLOURS))
)
MOST_BARS = 12
MOST_WAYS = 500
POINTS = 60
"""Points of a way that are drawn."""


def counts_plot(minutes: pl.DataFrame) -> str:
    """Vehicles a minute, a line a direction."""
    series = []
    for (direction,), part in minutes.group_by(["direction"], maintain_order=True):
        each = part.group_by("minute", maintain_order=True).agg(pl.col("count").sum())
        points = [(float(minute), float(count)) for minute, count in each.iter_rows()]
        series.append(Line(str(direction), points))
    return standalone(lines(series, Axes(("minute", "vehicles a minute"))))


def speeds_plot(vehicles: pl.DataFrame) -> str:
    """How many vehicles had which speed."""
    known = vehicles.filter(pl.col("direction").is_not_null())["speed"].drop_nulls().to_numpy()
    unit = vehicles["speed_unit"][0] if vehicles.height else "px/s"
    if not len(known):
        return standalone(bars([Bar("no speed was measured", 0.0, "0")], "speeds"))
    edges = np.histogram_bin_edges(known, bins=int(min(MOST_BARS, max(1, np.ceil(np.sqrt(len(known)))))))
    counts, _ = np.histogram(known, edges)
    rows = [
        Bar(f"{low:.0f} to {high:.0f} {unit}", float(n), str(int(n)))
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return standalone(bars(rows, f"vehicles by speed, {unit}"))


def ways_plot(paths: Sequence[Path], line: CountLine, size: tuple[int, int]) -> str:
    """The ways of all vehicles in the picture's own coordinates, and the line. size: height and width, pixels."""
    height, width = size
    thick = max(width, height) / 400
    parts = [element("rect", x=0, y=0, width=width, height=height, fill="#f4f4f4")]
    chosen = paths[:: max(1, -(-len(paths) // MOST_WAYS))]
    for number, path in enumerate(chosen):
        kept = path.centres[:: max(1, len(path.times) // POINTS)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in kept)
        look = {"fill": "none", "stroke": COLOURS[number % len(COLOURS)], "stroke_width": thick}
        parts.append(element("polyline", points=points, **look))
        parts.append(element("circle", cx=float(kept[-1][0]), cy=float(kept[-1][1]), r=2 * thick, fill=look["stroke"]))
    ends = {"x1": line.x0, "y1": line.y0, "x2": line.x1, "y2": line.y1}
    parts.append(element("line", **ends, stroke="#000", stroke_width=thick, stroke_dasharray=f"{4 * thick:.1f}"))
    if not paths:
        parts.append(text(width / 2, height / 2, "nothing moved", text_anchor="middle"))
    return standalone(document(width, height, f"ways of {len(paths)} vehicles", parts))


def standalone(svg: str) -> str:
    """An inline chart with its own style, so that it can be opened as a file."""
    start = svg.index(">") + 1
    return svg[:start] + element("style", STYLE) + svg[start:]
