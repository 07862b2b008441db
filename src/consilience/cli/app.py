"""The command table. Verb modules import nothing heavy at their top, so that `--help` answers at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

VERBS = (
    "audit",
    "bench",
    "check",
    "demo",
    "design",
    "distill",
    "evaluate",
    "explain",
    "export",
    "feedback",
    "inspect",
    "keys",
    "list",
    "models",
    "monitor",
    "predict",
    "prune",
    "report",
    "search",
    "serve",
    "traffic",
    "train",
    "where",
)

app = typer.Typer(
    name="consilience",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One table of mixed data in, one fused model out, and what joining the sources brought.",
)


def _register() -> None:
    for verb in VERBS:
        module: Any = import_module(f"consilience.cli.{verb}_command")
        app.command(verb)(module.command)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("consilience"))
        raise typer.Exit


_register()
