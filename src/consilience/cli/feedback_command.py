"""`consilience feedback`: labels that arrive after the predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    log: Annotated[str, typer.Argument(help="Prediction log: a SQLite file or a SQLAlchemy address.")],
    labels: Annotated[str, typer.Argument(help='Table with the columns "id" and "label" (and "target").')],
    audit: Annotated[Path | None, typer.Option(help="Audit file that gets a line about it.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """File LABELS beside the predictions of LOG, so that `consilience monitor` measures them."""
    from consilience.cli.options import echo_json
    from consilience.data.table import read_table
    from consilience.watching.feedback import give_feedback

    found = give_feedback(log, read_table(labels), audit)
    if json_output:
        echo_json(found)
    else:
        print(f"{found['filed']} labels filed, {found['unknown']} of unknown predictions left out")
