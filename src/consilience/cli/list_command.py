"""`consilience list`: everything pluggable, by kind."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    kind: Annotated[str | None, typer.Argument(help="encoder, fusion, check, …; all kinds when left out.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the names of a kind with one line on each."""
    from consilience.cli.options import echo_json
    from consilience.core.presets import PRESETS
    from consilience.core.registry import get, kinds, names

    wanted = kinds() if kind is None else [kind]
    found = {
        k: {n: PRESETS[k][n].line if n in PRESETS.get(k, {}) else _line(get(k, n)) for n in names(k)} for k in wanted
    }
    if json_output:
        echo_json(found)
        return
    for each, entries in found.items():
        if kind is None:
            print(f"{each}:")
        width = max(map(len, entries), default=0)
        for name, line in entries.items():
            print(f"{'  ' if kind is None else ''}{name:<{width}}  {line}")


def _line(component: object) -> str:
    """The first sentence of the component's module (one idea a file), or of its own documentation."""
    import sys

    module = sys.modules[getattr(component, "__module__", "")].__doc__ or ""
    text = (module.strip() or (getattr(component, "__doc__", None) or "").strip()).split("\n\n")[0]
    first, dot, rest = " ".join(text.split()).partition(". ")
    return first + ("." if dot and rest else "")
