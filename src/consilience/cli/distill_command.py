"""`consilience distill`: a small student of a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of the teacher.")],
    train: Annotated[str | None, typer.Argument(help="Its table again, where it was given in memory.")] = None,
    test: Annotated[str | None, typer.Option(help="Its test table again, likewise.")] = None,
    valid: Annotated[str | None, typer.Option(help="Its validation table again, likewise.")] = None,
    effort: Annotated[int, typer.Option(help="Size of the student: 1 (smallest) to 5.")] = 1,
    teacher: Annotated[str, typer.Option(help="Who teaches: stack (the whole model) or network.")] = "stack",
    temperature: Annotated[float, typer.Option(help="More shows more of the classes not predicted.")] = 2.0,
    weight: Annotated[float, typer.Option(help="Share of the teacher's word; the labels have the rest.")] = 0.7,
    out: Annotated[Path | None, typer.Option(help="Run folder of the student; RUN-student when left out.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a small student on what the model of RUN says of its training rows, and compare the two on test rows."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.cli.show_distillation import print_distillation

    with live(quiet=quiet or json_output) as listener:
        done = api.distill(
            run,
            train,
            valid=valid,
            test=test,
            effort=effort,
            teacher=teacher,
            temperature=temperature,
            weight=weight,
            out=out,
            settings=settings or (),
            listener=listener,
        )
    if json_output:
        echo_json(done.result)
    else:
        print_distillation(done.result)
