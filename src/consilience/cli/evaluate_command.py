"""`consilience evaluate`: metrics with intervals of a trained model on a labelled table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from consilience.model import Model


def command(
    run: Annotated[Path, typer.Argument(help="Run folder or model folder.")],
    table: Annotated[str, typer.Argument(help="Labelled table.")],
    hide: Annotated[str | None, typer.Option(help="Groups to treat as missing: a,b.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure a trained model on another labelled table: default prediction, network, references, single groups."""
    import warnings

    from consilience.cli.options import columns, echo_json
    from consilience.model import DataWarning, load

    warnings.simplefilter("ignore", DataWarning)
    model = load(run)
    if model.bundle.views:
        _tell_several(model, table, columns(hide), json_output)
        return
    if hide is not None:
        result = {"test": model.evaluate(table, hidden=columns(hide) or ()), "hidden": columns(hide)}
    else:
        result = model.judge(table)
    result = {"task": model.bundle.task.kind, "primary": model.bundle.task.primary, **result}
    from consilience.cli.summary import print_evaluation, print_problems

    print_problems(model.problems)
    if json_output:
        echo_json(result)
    else:
        print_evaluation(result)


def _tell_several(model: Model, table: str, hide: list[str] | None, json_output: bool) -> None:
    """The same of each target that the table has."""
    from consilience.cli.options import echo_json
    from consilience.cli.summary import print_evaluation, print_problems

    found = model.evaluate(table, hidden=hide) if hide is not None else model.judge(table)
    results = {}
    for target, told in found.items():
        task = model.bundle.views[target].task
        own = {"test": told, "hidden": hide} if hide is not None else told
        results[target] = {"task": task.kind, "primary": task.primary, **own}
    print_problems(model.problems)
    missing = [target for target in model.targets if target not in results]
    if json_output:
        echo_json({"task": "several", "targets": results, "absent": missing})
        return
    for target, result in results.items():
        print(f"\ntarget {target}")
        print_evaluation(result)
    if missing:
        print(f"\nnot in the table: {', '.join(missing)}")
