"""`consilience audit`: verify or show an audit file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Action(StrEnum):
    """What is done with the file."""

    VERIFY = "verify"
    SHOW = "show"


def command(
    action: Annotated[Action, typer.Argument(help="verify: is every line as it was written? show: print the lines.")],
    file: Annotated[Path, typer.Argument(help="Audit file (…audit.jsonl).")],
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Find any edit, deletion or reorder in an audit FILE; exit code 1 when there is one."""
    from consilience.cli.options import echo_json
    from consilience.watching.audit import read, verify

    if action is Action.SHOW:
        lines = list(read(file))
        if json_output:
            echo_json(lines)
        else:
            for line in lines:
                print(f"{line['number']:>6}  {line['time']}  {line['kind']:<9} {line['facts']}")
        return
    verdict = verify(file)
    if json_output:
        echo_json(verdict._asdict())
    else:
        print(f"{verdict.lines} lines hold" + (f"; then {verdict.problem}" if verdict.problem else ""))
    if not verdict.sound:
        raise typer.Exit(1)
