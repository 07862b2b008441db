"""`consilience evaluate`: metrics with intervals of a trained model on a labelled table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
