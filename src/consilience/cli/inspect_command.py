"""`consilience inspect`: what a table holds, how it would be read, and what to know before training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    table: Annotated[str, typer.Argument(help="Table (CSV, TSV, Parquet, JSON Lines, Arrow, XLSX) or class folder.")],
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    test: Annotated[str | None, typer.Option(help="Held-out table, to look for rows on both sides.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out: a,b,c.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Recipe or schema file (YAML).")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="field=value of the recipe, as for train; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write an editable schema here (YAML).")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out checks that decode media or fit models.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a finding is an error.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Show each column's modality, how sure and why, and everything odd about the data; with a recipe that has a block
    `series` (`--set series.time=COLUMN`) also the windows that would be cut."""
    from consilience import api
    from consilience.cli.options import columns, echo_json
    from consilience.cli.show_inspection import print_inspection, progress
    from consilience.core.files import write_text
    from consilience.data.schema import schema_yaml

    with progress(quiet=quiet or json_output) as listener:
        chosen = api.recipe_from(target, recipe, settings or ()) if recipe or settings else None
        seen = api.inspect(table, target, test, columns(ignore) or (), fast, recipe=chosen, listener=listener)
    if out is not None:
        write_text(out, schema_yaml(seen.schema))
    if json_output:
        echo_json(seen.to_json())
    else:
        chosen_words = ["--recipe", str(recipe)] if recipe and out is None else []
        chosen_words += [word for setting in settings or () for word in ("--set", setting)]
        print_inspection(seen, table, test, out, chosen_words)
    unusable = seen.task is not None and seen.task.kind is None
    if strict and (unusable or any(f.severity == "error" for f in seen.findings)):
        raise typer.Exit(1)
