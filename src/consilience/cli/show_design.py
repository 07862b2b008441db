"""Prints a network in figures: per group of columns encoder, tokens, width, parameters and FLOPs a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from consilience.evaluation.wording import count, short_count

COLUMNS = ("group", "modality", "columns", "encoder", "tokens", "width", "parameters", "FLOPs a row")
MOST_COLUMNS = 5


def print_design(design: Mapping[str, Any], console: Console | None = None) -> None:
    """The design on standard output; `design` as `consilience.design` returns it."""
    console = console or Console(highlight=False)
    for line in _opening(design):
        console.print(Text(line))
    console.print(_grid(design))
    head, fusion = design.get("head") or {}, design.get("fusion")
    console.print(Text(f"fusion {_fusion_words(fusion)}"))
    if head:
        size = f"{head.get('parameters', 0):,} parameters"
        console.print(Text(f"head {count(int(head.get('outputs') or 0), 'output')}, {size}"))
    for group, ranked in (design.get("rankings") or {}).items():
        console.print(Text(f"pretrained models for {group!r}, best first (LogME on a sample)"))
        console.print(_ranking(ranked))
    folds = int(design.get("folds") or 1)
    many = f"; {folds} networks, one a fold" if folds > 1 else ""
    size, flops = f"{int(design['parameters']):,} parameters", f"{short_count(design['flops'])} FLOPs a row"
    console.print(Text(f"network {size}, {flops}{many}", style="bold"))


def _opening(design: Mapping[str, Any]) -> list[str]:
    lines = []
    if design.get("task"):
        lines.append(f"task {design['task']}: {design.get('task_reason') or ''}".rstrip(": "))
    if rows := design.get("rows"):
        lines.append("rows " + ", ".join(f"{number:,} {role}" for role, number in rows.items()))
    if design.get("split"):
        lines.append(f"split {design['split']}")
    if ignored := design.get("ignored"):
        lines.append("left out " + "; ".join(f"{column} ({reason})" for column, reason in ignored.items()))
    return lines


def _grid(design: Mapping[str, Any]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, name in enumerate(COLUMNS):
        grid.add_column(name, justify="right" if number >= 4 else "left", overflow="fold", no_wrap=number >= 4)
    for name, group in design["groups"].items():
        columns = [str(column) for column in group["columns"]]
        shown = ", ".join(columns[:MOST_COLUMNS])
        more = len(columns) - MOST_COLUMNS
        words = [name, group["modality"], f"{shown} and {more} more" if more > 0 else shown, group["encoder"]]
        sizes = [short_count(group[key]) for key in ("tokens", "width", "parameters", "flops")]
        grid.add_row(*(Text(str(cell)) for cell in [*words, *sizes]))
    return grid


def _ranking(ranked: list[dict[str, Any]]) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("model", "LogME", "width", "parameters"):
        grid.add_column(name, justify="left" if name == "model" else "right")
    for model in ranked:
        sizes = [f"{model['width']:,}", short_count(model["parameters"])]
        grid.add_row(*(Text(cell) for cell in [model["model"], f"{model['log_me']:.4f}", *sizes]))
    return grid


def _fusion_words(fusion: Any) -> str:
    if not isinstance(fusion, Mapping):
        return str(fusion)
    candidates = fusion.get("candidates") or ()
    chosen = f" of {', '.join(candidates)}, the better on validation rows" if candidates else ""
    return f"{fusion['type']}{chosen}, width {fusion.get('width')}, {fusion.get('parameters', 0):,} parameters"
