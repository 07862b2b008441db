"""What several commands share: lists of columns, and JSON on standard output."""

from __future__ import annotations

import json
from typing import Any

from consilience.core.files import finite


def columns(text: str | None) -> list[str] | None:
    """ "a, b" → ["a", "b"]; None stays None."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]


def report_settings(language: str | None, slices: list[str] | None, abstain: float | None, retrain: bool) -> list[str]:
    """The report's options as `field=value` settings of the recipe."""
    given = {"language": language, "slices": slices or None, "abstain": abstain, "retrain": retrain or None}
    return [f"report.{field}={json.dumps(value)}" for field, value in given.items() if value is not None]


def echo_json(value: Any) -> None:
    """One JSON document on standard output; NaN becomes null."""
    print(json.dumps(finite(value), ensure_ascii=False, indent=1, allow_nan=False))
