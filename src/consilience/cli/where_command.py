"""`consilience where`: the file and line of anything pluggable, to read it or to start one's own from it."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    kind: Annotated[str, typer.Argument(help="encoder, fusion, check, …")],
    name: Annotated[str, typer.Argument(help="A name that `consilience list KIND` prints.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print FILE:LINE of a component."""
    import inspect

    from consilience.cli.options import echo_json
    from consilience.core.registry import get

    component = get(kind, name)
    file = inspect.getsourcefile(component)
    line = inspect.getsourcelines(component)[1]
    if json_output:
        echo_json({"kind": kind, "name": name, "file": file, "line": line})
    else:
        print(f"{file}:{line}")
