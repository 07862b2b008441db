"""What a request asks for beside its rows."""

from __future__ import annotations

from typing import Any

from consilience.serving.refused import RefusedError


def read_level(value: Any) -> float:
    """
    Raises:
        RefusedError: 422 when it is no probability between 0 and 1.
    """
    return read_share(value, "level") or 0.0


def read_share(value: Any, field: str) -> float | None:
    """
    Raises:
        RefusedError: 422 when it is given and no number between 0 and 1.
    """
    if value is None:
        return None
    try:
        share = float(value)
    except (TypeError, ValueError, OverflowError):
        share = -1.0
    if not 0 < share < 1:
        raise RefusedError(422, f'"{field}" lies between 0 and 1')
    return share


def read_version(value: Any) -> str | None:
    """
    Raises:
        RefusedError: 422 when it is given and no text.
    """
    if value is not None and not isinstance(value, str):
        raise RefusedError(422, '"version" is a text')
    return value
