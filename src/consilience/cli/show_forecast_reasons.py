"""Prints what forecasts rest on: of each window the parts without which its forecast moves most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

SHOWN = 6
"""Parts of each kind that are printed."""


def told_forecasts(found: Sequence[Mapping[str, Any]], out: Path | None, as_json: bool) -> None:
    """Explanations on standard output, and as explanations.json in the folder `out`."""
    from consilience.cli.options import echo_json
    from consilience.core.files import write_json

    if out is not None:
        write_json(out / "explanations.json", list(found))
    if as_json:
        echo_json(list(found))
        return
    console = Console(highlight=False)
    for one in found:
        console.print()
        console.print(Text(f"forecast {one['row']} · {one['prediction']:.5g} on average", style="bold"))
        grid = Grid(box=None, pad_edge=False, header_style="bold")
        for heading in ("without", "which", "forecast moves by (sd)", "share of its kind"):
            grid.add_column(heading, justify="right" if "s" in heading[-2:] or ")" in heading else "left")
        shown: dict[str, int] = {}
        for part in one["parts"]:
            shown[part["kind"]] = shown.get(part["kind"], 0) + 1
            if shown[part["kind"]] <= SHOWN:
                cells = (part["kind"], part["name"], f"{part['effect']:.3g}", f"{part['share']:.0%}")
                grid.add_row(*map(Text, cells))
        console.print(grid)
    if out is not None:
        print(f"file    {out / 'explanations.json'}")
