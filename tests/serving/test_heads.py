"""A head that does not end is answered with 400, whichever library reads it; what is ordinary passes."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from consilience.serving.heads import bounded_protocol


async def app(scope: Any, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture(params=["bounded", "h11"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    kind = bounded_protocol() if request.param == "bounded" else "h11"
    config = uvicorn.Config(
        app, port=0, http=kind, lifespan="off", log_level="critical", h11_max_incomplete_event_size=64 << 10
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


def test_heads_end(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for size in (10, 3_000_000, 10):  # one connection: bodies of many packets are no heads
        connection.request("POST", "/", b"x" * size, {"x-long": "y" * 20_000})
        assert connection.getresponse().read() == str(size).encode()
    connection.close()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as endless:
        sent = 0
        endless.sendall(b"GET / HTTP/1.1\r\nx: ")
        try:
            while sent < 50_000_000:
                endless.sendall(b"y" * 100_000)
                sent += 100_000
        except OSError:  # the server hung up
            pass
        assert sent < 20_000_000
