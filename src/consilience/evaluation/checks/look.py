"""A finished run checked from its folder: what `consilience check` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from consilience.artifacts.run_folder import RunFolder
from consilience.core.registry import names
from consilience.data.findings import ORDER, Finding, NotLooked
from consilience.evaluation.checks.base import check_result
from consilience.evaluation.language import language_of
from consilience.training.listeners.jsonl import read_events


def check_run(run: str | Path) -> tuple[list[Finding], list[NotLooked]]:
    """Findings about a finished run and its data, worst first; and the checks that could not look.

    The checks of the run look again at `metrics.json` and the events, in the run's language; the findings of the data
    are those that training made.

    Raises:
        InputError: when the folder holds no finished run.
    """
    folder = RunFolder(Path(run))
    folder.read_start()
    result = folder.read_result()
    found, skipped = check_result(result, read_events(folder.events), language_of(result))
    found += [_of(f) for f in result.get("findings") or () if f.get("code") not in names("run_check")]
    return sorted(found, key=lambda f: (ORDER[f.severity], f.code, f.columns)), skipped


def _of(finding: Mapping[str, Any]) -> Finding:
    severity = finding.get("severity")
    return Finding(
        str(finding.get("code")),
        severity if severity in ("error", "warning") else "info",
        str(finding.get("title")),
        str(finding.get("message")),
        tuple(finding.get("columns") or ()),
        tuple(finding.get("rows") or ()),
    )
