"""`consilience search`: try recipes on validation rows, train the best one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    train: Annotated[str | None, typer.Argument(help="Table file or class folder.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="Column to predict; may be repeated.")] = None,
    test: Annotated[str | None, typer.Option(help="Held-out table; a part of TRAIN when left out.")] = None,
    valid: Annotated[str | None, typer.Option(help="Validation table; a part of TRAIN when left out.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out: a,b,c.")] = None,
    space: Annotated[Path | None, typer.Option(help="Fields to vary (YAML); by effort when left out.")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials in all; 30 when left out.")] = None,
    minutes: Annotated[float | None, typer.Option(help="No trial begins later than this.")] = None,
    pruner: Annotated[str | None, typer.Option(help="Ends poor trials early: median, hyperband or none.")] = None,
    at_once: Annotated[int, typer.Option(help="Trials at a time, each in a process of its own.")] = 1,
    cluster: Annotated[str | None, typer.Option(help="Address of a Ray cluster that trains them, or auto.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to leave; searches/TABLE-TIME when left out.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of an interrupted search to go on with.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    effort: Annotated[int | None, typer.Option(help="1 (quick) to 5 (thorough); 3 when left out.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Recipe to begin with (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that train each network together.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Try recipes on the validation rows of TRAIN, train the best one and evaluate it on held-out rows."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import columns, echo_json, refuse, targets, training_settings
    from consilience.cli.show_search import print_search
    from consilience.core.errors import InputError

    if resume is None and train is None:
        raise InputError("no table was given", fix="consilience search TABLE --target COLUMN")
    chosen = training_settings(workers)
    both: dict[str, Any] = {"valid": valid, "test": test, "minutes": minutes, "at_once": at_once, "cluster": cluster}
    fields: dict[str, Any] = {"seed": seed, "effort": effort, "ignore": columns(ignore)}
    if resume is not None:
        given = {"--target": target or None, "--recipe": recipe, "--set": settings or None, "--space": space}
        refuse({**given, "--pruner": pruner, "--out": out, **fields}, chosen, "a search")
    with live(quiet=quiet or json_output) as listener:
        if resume is not None:
            found = api.resume_search(resume, train, trials=trials, **both, listener=listener)
        else:
            found = api.search(
                train,
                targets(target),
                recipe=recipe,
                settings=(*(settings or ()), *chosen),
                space=space,
                trials=30 if trials is None else trials,
                pruner=pruner or "median",
                out=out,
                **both,
                listener=listener,
                **fields,
            )
    if json_output:
        echo_json({**found.result, "folder": str(found.folder)})
    else:
        print_search(found.result, found.folder)
