"""Prints what the windows of a table of steps would be."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.data.window_view import WindowsSeen
from consilience.data.wording import counted

PARTS = {"train": "training", "valid": "validation", "test": "test"}
MOST_NAMES = 8


def print_windows(console: Console, seen: WindowsSeen) -> None:
    """Rhythm, windows of each part, and what each column is."""
    console.print()
    rhythm = f"steps: {seen.frequency}"
    season = f"season of {seen.season} steps" if seen.season > 1 else "no season found"
    apart = f", origins {seen.every} steps apart" if seen.every > 1 else ""
    console.print(Text("windows", style="bold").append(f" · {rhythm} · {season}", style="not bold"))
    size = f"{seen.past} steps are read, {seen.horizon} forecast{apart}; {seen.series:,} series"
    console.print(Text(f"{size}; {counted(seen.gaps, 'step')} filled in as missing" if seen.gaps else size))
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "windows", "steps", "from", "to"):
        grid.add_column(heading, justify="right" if heading in ("windows", "steps") else "left")
    for part, count in seen.windows.items():
        span = seen.spans.get(part, ("", ""))
        grid.add_row(PARTS[part], f"{count:,}", f"{seen.steps[part]:,}", *map(Text, span))
    console.print(grid)
    for role, names in seen.roles.items():
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        console.print(Text(f"{role}: ", style="cyan").append(f"{', '.join(names[:MOST_NAMES])}{more}", style="default"))
