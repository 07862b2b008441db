"""`consilience check`: is a finished run fit to be trusted? Ends with 1 on an issue, so that CI can gate on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    strict: Annotated[bool, typer.Option("--strict", help="A warning is an issue too.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Print what to know about a run, worst first; exit 1 when a finding is an error (with --strict: a warning)."""
    from consilience.cli.options import echo_json
    from consilience.evaluation.checks.look import check_run

    findings, skipped = check_run(run)
    issues = [f for f in findings if f.severity == "error" or (strict and f.severity == "warning")]
    if json_output:
        found = [{k: v for k, v in f._asdict().items() if k != "details"} for f in findings]
        echo_json({"ok": not issues, "findings": found, "not_looked": [s._asdict() for s in skipped]})
    else:
        from consilience.cli.show_findings import print_check

        print_check(findings, skipped, len(issues))
    if issues:
        raise typer.Exit(1)
