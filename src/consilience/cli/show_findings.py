"""Prints findings, one after another: mark, title, code, and the sentence."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from consilience.core.registry import names
from consilience.data.findings import Finding, NotLooked
from consilience.data.wording import counted

MARK = {"error": ("✗", "bold red"), "warning": ("!", "bold yellow"), "info": ("·", "cyan")}


def print_findings(console: Console, findings: Sequence[Finding], skipped: Sequence[NotLooked]) -> None:
    """The findings in the order given, then the checks that did not look."""
    for finding in findings:
        mark, style = MARK[finding.severity]
        console.print(Text.assemble((f"{mark} {finding.title}", style), (f"  {finding.code}", "dim")))
        console.print(Padding(Text(finding.message), (0, 0, 0, 2)))
    for each in skipped:
        console.print(Text(f"  {each.code} did not look: {each.reason}", style="dim"))


def print_check(
    findings: Sequence[Finding], skipped: Sequence[NotLooked], issues: int, console: Console | None = None
) -> None:
    """What `consilience check` says: findings, and how many are an issue."""
    console = console or Console(highlight=False)
    print_findings(console, findings, skipped)
    looked = counted(len(names("run_check")) - len(skipped), "check")
    if issues:
        console.print(Text(f"✗ {counted(issues, 'issue')} ({looked} of the run looked)", style="bold red"))
    else:
        console.print(Text(f"✓ no issue ({looked} of the run looked)", style="bold green"))
