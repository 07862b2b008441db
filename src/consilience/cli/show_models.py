"""Prints the models on this machine as a table, and how many architectures wait for weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.data.cache import readable
from consilience.evaluation.wording import short_count

COLUMNS = ("name", "kind", "library", "parameters", "size", "licence", "encoder", "where")


def print_models(found: Mapping[str, Any], console: Console | None = None) -> None:
    """On standard output; `found` as `consilience.models` returns it."""
    console = console or Console(highlight=False)
    if found["models"]:
        console.print(_grid(found["models"]))
    else:
        console.print(Text(f"no model in the Hugging Face cache ({found['cache']}) or in an installed package"))
    for library, count in found["architectures"].items():
        if count is not None:
            console.print(Text(f"{library}: {count:,} architectures, from scratch or with weights from a folder"))
    console.print(Text("a folder works too: --set encoders.text.type=hf_text --set encoders.text.model=FOLDER"))


def _grid(models: list[dict[str, Any]]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in COLUMNS:
        justify: Any = "right" if name in ("parameters", "size") else "left"
        grid.add_column(name, justify=justify, overflow="fold", no_wrap=name != "where")
    for model in models:
        sizes = [short_count(model["parameters"]), readable(model["size"])]
        words = [model["name"], model["kind"], model["library"], *sizes, model["licence"] or "?"]
        where = model["folder"] if model["place"] == "folder" else model["place"]
        grid.add_row(*(Text(str(cell)) for cell in [*words, model["encoder"] or "-", where]))
    return grid
