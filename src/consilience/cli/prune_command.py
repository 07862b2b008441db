"""`consilience prune`: a trained run with fewer channels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of the model to make narrower.")],
    train: Annotated[str | None, typer.Argument(help="Its table again, where it was given in memory.")] = None,
    test: Annotated[str | None, typer.Option(help="Its test table again, likewise.")] = None,
    valid: Annotated[str | None, typer.Option(help="Its validation table again, likewise.")] = None,
    share: Annotated[float, typer.Option(help="Share of the channels to remove from each convolution.")] = 0.5,
    importance: Annotated[str, typer.Option(help="What tells which go: taylor or magnitude.")] = "taylor",
    teacher: Annotated[str, typer.Option(help="Who teaches: stack (the whole model) or network.")] = "stack",
    temperature: Annotated[float, typer.Option(help="More shows more of the classes not predicted.")] = 2.0,
    weight: Annotated[float, typer.Option(help="Share of the teacher's word; the labels have the rest.")] = 0.7,
    out: Annotated[Path | None, typer.Option(help="Run folder to leave; RUN-pruned when left out.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Remove channels from the network of RUN, train what is left, and compare the two on test rows."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import echo_json
    from consilience.cli.show_distillation import print_pruning

    with live(quiet=quiet or json_output) as listener:
        done = api.prune(
            run,
            train,
            valid=valid,
            test=test,
            share=share,
            importance=importance,
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
        print_pruning(done.result)
