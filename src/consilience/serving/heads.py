"""The head of a request is bounded: uvicorn bounds it under h11 only, httptools reads on for ever."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

LONGEST = 64 << 10
"""Bytes of a request's head, beside the first packet of it."""


def bounded_protocol() -> Any:
    """What uvicorn takes as `http`: httptools with a bound where it is installed, else h11 with its own."""
    if find_spec("httptools") is None:
        return "h11"
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Bounded(HttpToolsProtocol):
        """Answers 400 and hangs up where a head does not end."""

        head: int | None = 0

        def on_message_begin(self) -> None:
            self.head = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.head = None
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            before = self.head
            super().data_received(data)
            if self.head is None or before is None:
                return  # the first packet may hold the end of the body before
            self.head += len(data)
            if self.head > LONGEST and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    return Bounded
