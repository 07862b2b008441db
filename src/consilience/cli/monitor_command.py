"""`consilience monitor`: whether the rows of today look like those the model was made for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    bundle: Annotated[Path, typer.Argument(help="Exported bundle.")],
    log: Annotated[str | None, typer.Option(help="Prediction log: a SQLite file or a SQLAlchemy address.")] = None,
    table: Annotated[str | None, typer.Option(help="A table in place of the log.")] = None,
    days: Annotated[float | None, typer.Option(help="Only the last so many days of the log.", min=0)] = None,
    model: Annotated[str | None, typer.Option(help="Name in the log, where it holds several models.")] = None,
    reference: Annotated[str | None, typer.Option(help="A table in place of the bundle's own reference.")] = None,
    target: Annotated[str | None, typer.Option(help="Target to look at, of a model of several.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a page with plots.")] = None,
    prometheus: Annotated[Path | None, typer.Option(help="Write gauges in Prometheus' text format.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Alarms for drift, one sentence each; exit code 1 when there is one."""
    from consilience.cli.options import echo_json
    from consilience.core.files import write_text
    from consilience.data.table import read_table
    from consilience.watching.monitor import monitor
    from consilience.watching.page import monitor_page
    from consilience.watching.page import prometheus as gauges

    read = read_table(table) if table else None
    found = monitor(bundle, log, read, days, read_table(reference) if reference else None, model, target)
    if out is not None:
        write_text(out, monitor_page(found))
    if prometheus is not None:
        write_text(prometheus, gauges(found))
    if json_output:
        echo_json(found)
    elif not found["enough"]:
        print(f"{found['rows']} rows: too few to say anything")
    else:
        for alarm in found["alarms"]:
            print(f"ALARM  {alarm['sentence']} (effect {alarm['effect']:.2f}, p {alarm['p']:.1g})")
        print(f"{len(found['alarms'])} alarms in {len(found['looks'])} looks at {found['rows']} rows")
    if found["alarms"]:
        raise typer.Exit(1)
