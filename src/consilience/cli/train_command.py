"""`consilience train`: prepare, design, train, evaluate; leaves a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consilience.model import Model


def command(
    train: Annotated[str | None, typer.Argument(help="Table file or class folder.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="Column to predict; may be repeated.")] = None,
    test: Annotated[str | None, typer.Option(help="Held-out table; a part of TRAIN when left out.")] = None,
    valid: Annotated[str | None, typer.Option(help="Validation table; a part of TRAIN when left out.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out: a,b,c.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder to leave; runs/TABLE-TIME when left out.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Run folder of an interrupted run to finish.")] = None,
    task: Annotated[str | None, typer.Option(help="generation …; told from TARGET when left out.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    effort: Annotated[int | None, typer.Option(help="1 (quick) to 5 (thorough); 3 when left out.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Recipe or schema file (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")] = None,
    stack: Annotated[
        bool | None, typer.Option("--stack/--no-stack", help="Combine network and references, or not.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the report: en or zh.")] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help='Rows to look at apart: "age>60 & sex==F"; may be repeated.')
    ] = None,
    abstain: Annotated[
        float | None, typer.Option(help="Largest error rate wanted, 0.05 say: which rows to refer to a person.")
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train without each source too (slow).")] = False,
    workers: Annotated[int | None, typer.Option(help="Processes that train each network together.")] = None,
    track: Annotated[str | None, typer.Option(help="Trackers to write for: wandb,mlflow.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train on TRAIN to predict TARGET, evaluate on held-out rows, and leave a run folder with a report."""
    from consilience.cli.live import live
    from consilience.cli.options import columns, refuse, report_settings, targets, training_settings
    from consilience.core.errors import InputError

    if resume is None and train is None:
        raise InputError("no table was given", fix="consilience train TABLE --target COLUMN")
    chosen = (*report_settings(language, slices, abstain, retrain), *training_settings(workers, track, task))
    fields = {"seed": seed, "effort": effort, "stack": stack, "ignore": columns(ignore)}
    if resume is not None:
        given = {"--target": target or None, "--recipe": recipe, "--set": settings or None, "--run": run}
        refuse({**given, **fields}, chosen)
    from consilience import api
    from consilience.training.nodes import follows

    with live(quiet=quiet or json_output or follows()) as listener:
        if resume is not None:
            model = api.resume(resume, train, valid=valid, test=test, listener=listener)
        else:
            model = api.fit(
                train,
                targets(target),
                valid=valid,
                test=test,
                recipe=recipe,
                settings=(*(settings or ()), *chosen),
                run=run,
                listener=listener,
                **fields,
            )
    _tell(model, json_output)


def _tell(model: Model, json_output: bool) -> None:
    from consilience.cli.options import echo_json
    from consilience.cli.summary import print_summary
    from consilience.training.nodes import follows

    if follows():
        return  # the first process tells
    if json_output:
        echo_json(model.metrics)
    else:
        print_summary(model.metrics, model.run)
