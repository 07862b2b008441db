"""`consilience models`: the pretrained models on this machine that a recipe can name."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List what would work offline: name, kind, library, parameters, size, licence, where."""
    from consilience import api
    from consilience.cli.options import echo_json

    found = api.models()
    if json_output:
        echo_json(found)
        return
    from consilience.cli.show_models import print_models

    print_models(found)
