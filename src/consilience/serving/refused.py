"""A request that is not answered: the HTTP status and what the caller may know."""

from __future__ import annotations

from typing import final


@final
class RefusedError(Exception):
    """Args: status: HTTP status. message: said to the caller, without internals. retry: seconds to wait, 503 only."""

    def __init__(self, status: int, message: str, retry: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.retry = status, message, retry
