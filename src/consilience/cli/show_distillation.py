"""Prints teacher and student side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.evaluation import wording


def print_distillation(result: Mapping[str, Any], console: Console | None = None) -> None:
    """Metric with interval, size and latency before and after, the paired difference, and where the student is."""
    console = console or Console(highlight=False)
    teacher, student = result["teacher"], result["student"]
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in (f"on {result['rows']:,} test rows", "teacher", "student"):
        grid.add_column(Text(header), justify="left" if header.startswith("on ") else "right")
    for name, *cells in _rows(str(result["difference"]["metric"]), teacher, student):
        grid.add_row(Text(name), *(Text(cell) for cell in cells))
    console.print()
    console.print(grid)
    console.print()
    console.print(Text(result["difference"]["sentence"]), soft_wrap=True)
    console.print()
    console.print(Text(f"student {student['run']}"), soft_wrap=True)
    console.print(Text(f"report  {Path(student['run']) / 'report.html'}"), soft_wrap=True)


def _rows(metric: str, teacher: Mapping[str, Any], student: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    both = (teacher, student)
    score, between = [], []
    for one in both:
        score.append(wording.number(metric, one["metrics"][metric]["value"]))
        between.append(wording.interval(metric, one["metrics"][metric]))
    found = [(wording.metric_name(metric), *score), ("95 % interval", *between)]
    found.append(("networks", *(str(one["networks"]) for one in both)))
    found.append(("references", *(str(len(one["references"])) for one in both)))
    found.append(("parameters", *(wording.short_count(one["parameters"]) for one in both)))
    found.append(("size on disk", *(f"{one['bytes'] / 1e6:.2f} MB" for one in both)))
    for rows in teacher["latency"]:
        name = f"latency of {rows} row{'s' if rows != '1' else ''}"
        found.append((name, *(f"{one['latency'][rows]:.1f} ms" for one in both)))
    return found  # type: ignore[return-value]
