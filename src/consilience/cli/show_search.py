"""Prints what a search found: the trials, which fields matter, the best recipe, and where everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.search.page import sentences, trial_sheet
from consilience.search.study import short

MARKS = {"good": ("▲", "green"), "bad": ("▼", "red"), "plain": ("=", "dim")}
MOST = 20
"""Trials shown; all of them stand in search.html and result.json."""


def print_search(result: Mapping[str, Any], folder: Path, console: Console | None = None) -> None:
    """The best trials as a table, the importance of fields, sentences, and paths."""
    console = console or Console(highlight=False)
    sheet = trial_sheet(result)
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in [*sheet.headers[:3], "values"]:
        grid.add_column(Text(header))
    for row in sheet.rows[:MOST]:
        values = " ".join(f"{name}={cell}" for name, cell in zip(sheet.headers[3:-2], row[3:-2], strict=True))
        grid.add_row(*(Text(cell) for cell in [*row[:3], row[-1] or values]))
    console.print()
    console.print(grid)
    if len(sheet.rows) > MOST:
        console.print(Text(f"and {len(sheet.rows) - MOST} more in {folder / 'search.html'}"), soft_wrap=True)
    if result["importances"]:
        shares = ", ".join(f"{short(path)} {share:.2f}" for path, share in result["importances"].items())
        console.print(Text(f"importance: {shares}"), soft_wrap=True)
    console.print()
    for sentence in sentences(result):
        mark, style = MARKS[sentence.tone]
        console.print(Text.assemble((mark, style), " ", sentence.text), soft_wrap=True)
    console.print()
    console.print(Text(f"best    {folder / 'best.yaml'}"), soft_wrap=True)
    console.print(Text(f"run     {folder / 'run'}"), soft_wrap=True)
    console.print(Text(f"trials  {folder / 'search.html'}"), soft_wrap=True)
