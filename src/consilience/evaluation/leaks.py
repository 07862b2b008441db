"""Leaks found in a run: what the report says in its first lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEAKS = (
    "target_leak",
    "group_leak",
    "duplicate_rows",
    "near_duplicate_text",
    "near_duplicate_image",
    "future_rows",
)
"""Codes of findings by which test rows, or a column, tell the model what it should predict; worst first."""


def leaks_of(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Findings of a leak that are no mere information, errors first, then in the order of LEAKS."""
    found = [
        finding
        for finding in result.get("findings") or ()
        if finding.get("code") in LEAKS and finding.get("severity") in ("error", "warning")
    ]
    return sorted(found, key=lambda f: (f["severity"] != "error", LEAKS.index(str(f["code"]))))
