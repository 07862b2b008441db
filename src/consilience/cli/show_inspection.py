"""Prints an inspection: the columns, the findings, and what to type next."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as Grid
from rich.text import Text

from consilience.cli.show_findings import print_findings
from consilience.cli.show_windows import print_windows
from consilience.core.events import Event, Listener, nobody
from consilience.core.registry import names
from consilience.data.inspection import STEP_CHECKS, Inspection
from consilience.data.schema import Column
from consilience.data.wording import clipped, counted

MOST_NAME = 30
WIDE = 120
MOST_COLUMNS = 40
"""Columns shown one by one; of wider tables the rest is summed up by modality."""


@contextmanager
def progress(quiet: bool) -> Iterator[Listener]:
    """A listener that draws progress bars on standard error; they vanish when done. Quiet where that is no
    terminal."""
    if quiet or not sys.stderr.isatty():
        yield nobody
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        overall = bar.add_task("checks", total=None)
        detail = bar.add_task("", total=None, visible=False)

        def listen(event: Event) -> None:
            if event["event"] != "progress":
                return
            if event["name"].startswith("check"):
                bar.update(overall, description=event["name"], completed=event["done"], total=event["total"])
                bar.update(detail, visible=False)
            else:
                done, total = event["done"], event["total"]
                bar.update(detail, description=event["name"], completed=done, total=total, visible=done < total)

        yield listen


def print_inspection(
    seen: Inspection, source: str, test: str | None, out: Path | None, chosen: Sequence[str] = ()
) -> None:
    """The whole inspection on standard output. chosen: options of the recipe as typed, for the next command."""
    console = Console(highlight=False)
    notes = f" · {' · '.join(seen.notes)}" if seen.notes else ""
    count = counted(len(seen.schema.columns), "column")
    console.print(f"[bold]{escape(seen.table)}[/bold] · {counted(seen.rows, 'row')} · {count}{escape(notes)}")
    if seen.test:
        console.print(f"test table [bold]{escape(seen.test)}[/bold] · {counted(seen.test_rows, 'row')}")
    if seen.task:
        style = "bold" if seen.task.kind else "bold red"
        console.print(Text.assemble("target ", (seen.schema.target or "*", style), f" · {seen.task.reason}"))
    console.print()
    _print_columns(console, seen)
    if seen.windows is not None:
        print_windows(console, seen.windows)
    _print_findings(console, seen)
    _print_next(console, seen, source, (test, out), chosen)


def _print_columns(console: Console, seen: Inspection) -> None:
    """One line a column; in narrow terminals reason and examples below it."""
    wide = console.width >= WIDE
    shown, rest = seen.schema.columns[:MOST_COLUMNS], seen.schema.columns[MOST_COLUMNS:]
    grid = _grid(seen, wide)
    for column in shown:
        told = [Text(column.reason, style="dim"), Text(_examples(column), style="dim")] if wide else []
        grid.add_row(*_cells(column, seen.schema.target), *told)
        if not wide:
            console.print(grid)
            grid = _grid(seen, wide, header=False)
            line = f"{column.reason}: {_examples(column)}" if column.examples else column.reason
            console.print(Padding(Text(line, style="dim"), (0, 0, 0, 4)))
    for modality in sorted({c.modality for c in rest}):
        alike = [c for c in rest if c.modality == modality]
        missing = sum(c.missing for c in alike)
        grid.add_row(f"… {len(alike):,} more", modality, "", f"{missing:,}" if missing else "")
    if wide or rest:
        console.print(grid)


def _grid(seen: Inspection, wide: bool, header: bool = True) -> Grid:
    """An empty grid whose columns have the same widths every time."""
    grid = Grid(box=None, pad_edge=False, header_style="bold", show_header=header, expand=wide)
    columns = seen.schema.columns
    longest = max(cell_len(clipped(c.name, MOST_NAME)) for c in columns[:MOST_COLUMNS])
    grid.add_column("column", min_width=max(10, longest), no_wrap=True)
    grid.add_column("modality", min_width=max(8, *(len(c.modality) for c in columns)), no_wrap=True)
    for heading in ("sure", "missing", "distinct"):
        grid.add_column(heading, justify="right", min_width=max(8, len(f"{seen.rows:,}")), no_wrap=True)
    if wide:
        grid.add_column("why", ratio=1)
        grid.add_column("examples", ratio=1, no_wrap=True, overflow="ellipsis")
    return grid


def _cells(column: Column, target: str | None) -> tuple[str | Text, ...]:
    role = "target" if column.name == target else column.modality
    style = {"target": "bold green", "ignore": "dim"}.get(role, "cyan")
    return (
        Text(clipped(column.name, MOST_NAME)),
        Text(role, style=style),
        "" if role == "target" else f"{column.confidence:.0%}",
        f"{column.missing:,}" if column.missing else "",
        f"{column.distinct:,}",
    )


def _examples(column: Column) -> str:
    return " | ".join(_short(e) for e in column.examples)


def _short(example: str) -> str:
    """An example in at most 40 characters; a long fraction with four digits."""
    number = re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", example)
    return f"{float(example):.4g}" if number else clipped(example, 40)


def _print_findings(console: Console, seen: Inspection) -> None:
    console.print()
    if not seen.findings:
        console.print(f"[bold green]✓[/bold green] nothing odd was found by {_looked(seen)}.")
    print_findings(console, seen.findings, seen.not_looked)


def _looked(seen: Inspection) -> str:
    every = STEP_CHECKS if seen.windows else names("check")
    return counted(len(every) - len(seen.not_looked), "check")


def _print_next(
    console: Console, seen: Inspection, source: str, others: tuple[str | None, Path | None], chosen: Sequence[str]
) -> None:
    test, out = others
    console.print()
    if out is not None:
        console.print(f"schema written: {out} (edit it, then give it back with --recipe {out})", markup=False)
    words = ["consilience", "train" if seen.task else "inspect", source]
    words += ["--target", seen.schema.target or ("*" if seen.windows else "COLUMN")]
    if test:
        words += ["--test", test]
    leaks = [c for f in seen.findings if f.code == "target_leak" for c in f.columns]
    if leaks:
        words += ["--ignore", ",".join(leaks)]
    groups = [f.columns[0] for f in seen.findings if f.code == "group_leak" and f.severity == "warning"]
    if groups and not test:
        words += ["--set", f"split.group={groups[0]}"]
    if out is not None:
        words += ["--recipe", str(out)]
    words += chosen
    console.print(f"next: {shlex.join(words)}", markup=False, soft_wrap=True)
