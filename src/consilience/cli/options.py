"""What several commands share: lists of columns, what resuming refuses, and JSON on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from consilience.core.files import finite


def columns(text: str | None) -> list[str] | None:
    """ "a, b" → ["a", "b"]; None stays None."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]


def targets(given: list[str] | None) -> str | list[str] | None:
    """One --target as it is, several as a list; None where none was given."""
    return None if not given else given[0] if len(given) == 1 else given


def report_settings(language: str | None, slices: list[str] | None, abstain: float | None, retrain: bool) -> list[str]:
    """The report's options as `field=value` settings of the recipe."""
    given = {"language": language, "slices": slices or None, "abstain": abstain, "retrain": retrain or None}
    return [f"report.{field}={json.dumps(value)}" for field, value in given.items() if value is not None]


def training_settings(workers: int | None, track: str | None = None, task: str | None = None) -> list[str]:
    """`--workers`, `--track` and `--task` as `field=value` settings of the recipe."""
    given = {"devices": workers, "track": columns(track)}
    chosen = [f"train.{field}={json.dumps(value)}" for field, value in given.items() if value is not None]
    return chosen if task is None else [*chosen, f"task.type={task}"]


TYPED = {"devices": "workers", "slices": "slice", "type": "task"}
"""Recipe field → the option that sets it, where they differ."""


def refuse(options: Mapping[str, object], chosen: Sequence[str], what: str = "a run") -> None:
    """
    Args:
        options: option or recipe field → value, None where it was not given. chosen: `field=value` settings.
    Raises:
        InputError: when anything was given that would change what is resumed ("a run", "a search").
    """
    from consilience.core.errors import InputError

    given = [name for name, value in options.items() if value is not None]
    for name in [*given, *(setting.partition("=")[0] for setting in chosen)]:
        field = name.rpartition(".")[2]
        option = name if name.startswith("--") else f"--{TYPED.get(field, field)}"
        message = f"{option} cannot change {what} that has begun"
        raise InputError(message, where="--resume", fix=f"Start {what.replace('a ', 'a new ')} with it")


def echo_json(value: Any) -> None:
    """One JSON document on standard output; NaN becomes null."""
    print(json.dumps(finite(value), ensure_ascii=False, indent=1, allow_nan=False))
