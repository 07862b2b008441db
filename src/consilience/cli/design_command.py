"""`consilience design`: the network that would be trained, in figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    table: Annotated[str, typer.Argument(help="Training table or class folder.")],
    target: Annotated[
        list[str] | None, typer.Option(help="Column to predict; repeat it for several that one network learns.")
    ] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out: a,b,c.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    effort: Annotated[int | None, typer.Option(help="The one dial, 1 to 5.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="Recipe or schema file (YAML).")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="field=value; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the complete recipe here (YAML).")] = None,
    rank: Annotated[bool, typer.Option("--rank", help="Rank the pretrained models of this machine.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print the network that `train` would train: per encoder the tokens, width, parameters and FLOPs a row."""
    from consilience import api
    from consilience.cli.live import live
    from consilience.cli.options import columns, echo_json, targets
    from consilience.core.files import write_text
    from consilience.core.recipe import dump_recipe, make_recipe

    with live(quiet=json_output or not rank) as listener:
        design = api.design(
            table,
            targets(target),
            recipe=recipe,
            settings=tuple(settings or ()),
            rank=rank,
            listener=listener,
            seed=seed,
            effort=effort,
            ignore=columns(ignore),
        )
    if out is not None:
        write_text(out, dump_recipe(make_recipe(design["recipe"])))
    if json_output:
        echo_json(design)
        return
    from consilience.cli.show_design import print_design

    print_design(design)
    if out is not None:
        print(f"recipe: {out}")
