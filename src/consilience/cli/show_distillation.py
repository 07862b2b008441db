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
    _print(result, "student", console or Console(highlight=False))


def print_pruning(result: Mapping[str, Any], console: Console | None = None) -> None:
    """The same of a narrower run, and what was removed of which group."""
    console = console or Console(highlight=False)
    _print(result, "pruned", console)
    for group, count in result["groups"].items():
        before, after = (wording.short_count(count[when]) for when in ("before", "after"))
        console.print(Text(f"{group}: encoder {before} → {after} parameters"), soft_wrap=True)
    for group, why in result["left"].items():
        console.print(Text(f"{group}: left as it was, {why}"), soft_wrap=True)


def _print(result: Mapping[str, Any], said: str, console: Console) -> None:
    teacher, student = result["teacher"], result["student"]
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in (f"on {result['rows']:,} test rows", "teacher", said):
        grid.add_column(Text(header), justify="left" if header.startswith("on ") else "right")
    for name, *cells in _rows(str(result["difference"]["metric"]), teacher, student):
        grid.add_row(Text(name), *(Text(cell) for cell in cells))
    console.print()
    console.print(grid)
    console.print()
    console.print(Text(result["difference"]["sentence"]), soft_wrap=True)
    console.print()
    console.print(Text(f"{said:7} {student['run']}"), soft_wrap=True)
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
