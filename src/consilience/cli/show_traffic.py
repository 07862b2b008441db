"""Prints what a traffic video came to: counts, speeds, green times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text


def print_traffic(found: Mapping[str, Any], out: Path, console: Console | None = None) -> None:
    """The counts as a table, then one line a fact."""
    console = console or Console(highlight=False)
    rows = [(kind, way, n) for kind, ways in found["counts"].items() for way, n in ways.items()]
    grid = Grid(box=None, padding=(0, 2, 0, 0))
    for name, side in (("type", "left"), ("direction", "left"), ("count", "right"), ("mean speed", "right")):
        grid.add_column(name, justify=side)  # type: ignore[arg-type]
    for kind, way, number in rows:
        speed = found["mean_speed"].get(way)
        grid.add_row(kind, way, str(number), "–" if speed is None else f"{speed:.0f} {found['speed_unit']}")
    console.print(grid if rows else Text("No vehicle crossed the line."))
    x0, y0, x1, y1 = (round(v) for v in found["line"])
    chosen = "chosen from the main flow" if found["line_chosen"] else "as given"
    console.print(Text(f"counted at the line {x0},{y0},{x1},{y1} ({chosen}); {found['tracks']} tracks"))
    if found["speed_unit"] == "px/s":
        console.print(Text("speeds are in pixels a second: give --calibration for km/h", style="yellow"))
    _signal(console, found["signal"])
    console.print(Text(f"\nfolder  {out}"))


def _signal(console: Console, signal: Mapping[str, Any]) -> None:
    if "refused" in signal:
        console.print(Text(f"no signal timing: {signal['refused']}", style="yellow"))
        return
    greens = ", ".join(f"{name} {phase['green']:.0f} s" for name, phase in signal["phases"].items())
    console.print(Text(f"signal (Webster): cycle {signal['cycle']:.0f} s, effective green {greens}"))
