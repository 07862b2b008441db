"""`consilience explain`: why a trained model predicts what it predicts, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder or model folder.")],
    table: Annotated[str, typer.Argument(help="Table of the rows; the target column may be missing.")],
    rows: Annotated[str | None, typer.Option(help="Row numbers, from 0: 0,5,9.")] = None,
    first: Annotated[int | None, typer.Option(help="The first N rows (5 when no rows are named).")] = None,
    class_: Annotated[
        str | None, typer.Option("--class", help="Class to explain; the predicted one if left out.")
    ] = None,
    fixed: Annotated[str | None, typer.Option(help="Columns that no counterfactual may change: age,sex.")] = None,
    target: Annotated[str | None, typer.Option(help="Target to explain, of a model of several.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for explanations.html and explanations.json.")] = None,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON, without pictures and sounds.")] = False,
) -> None:
    """Explain rows of TABLE: shares of the sources, words, regions, moments, columns, similar rows, counterfactuals."""
    import warnings

    from consilience.cli.live import live
    from consilience.cli.options import columns, echo_json
    from consilience.cli.show_explanation import chosen_rows, known_language, print_explanations
    from consilience.data.table import read_table
    from consilience.explanation.table_rows import rows_to_explain
    from consilience.model import DataWarning, load

    warnings.simplefilter("ignore", DataWarning)
    said = known_language(language)
    model = load(run)
    given = rows_to_explain(model.bundle, read_table(table))
    chosen = chosen_rows(rows, first, given.rows)
    with live(quiet=json_output) as listener:
        model = model.of(target)
        found = model.explain(given, chosen, class_name=class_, fixed=columns(fixed) or (), listener=listener)
    if model.bundle.task.kind == "forecast":
        from consilience.cli.show_forecast_reasons import told_forecasts

        told_forecasts(found, out, json_output)
        return
    if out is not None:
        from consilience.core.files import write_json, write_text
        from consilience.explanation.page import render_page

        write_json(out / "explanations.json", found)
        write_text(out / "explanations.html", render_page(found, model.bundle.recipe.target, said))
    if json_output:
        from consilience.explanation.explain import without_media

        echo_json(without_media(found))
    else:
        print_explanations(found, said)
        if out is not None:
            print(f"page    {out / 'explanations.html'}")
