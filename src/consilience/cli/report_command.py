"""`consilience report`: write the report of a finished run again, in English or Chinese."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    language: Annotated[str | None, typer.Option(help="en or zh; the recipe's when left out.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; RUN/report.html when left out.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write the report again from what the run folder holds; nothing is measured anew."""
    from consilience.evaluation.report import report_again

    path = report_again(run, language, out)
    print(f"report  {path}")
    if show:
        typer.launch(path.resolve().as_uri())
