"""What several commands share: lists of columns, what resuming refuses, and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def training_settings(workers: int | None, track: str | None = None) -> list[str]:
    """`--workers` and `--track` as `field=value` settings of the recipe."""
    given = {"devices": workers, "track": columns(track)}
    return [f"train.{field}={json.dumps(value)}" for field, value in given.items() if value is not None]


def refuse(changed: Mapping[str, object], what: str) -> None:
    """
    Raises:
        InputError: when an option was given that would change what is resumed ("a run", "a search").
    """
    from consilience.core.errors import InputError

    for option, value in changed.items():
        if value is not None:
            message = f"{option} cannot change {what} that has begun"
            raise InputError(message, where="--resume", fix=f"Start {what.replace('a ', 'a new ')} with it")


def echo_json(value: Any) -> None:
    """One JSON document on standard output; NaN becomes null."""
    print(json.dumps(finite(value), ensure_ascii=False, indent=1, allow_nan=False))
