"""A small exported model and a server of it, in process and over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def bundle_folder(exported: tuple[Path, dict[str, Any]]) -> Path:
    return exported[0]


@pytest.fixture
def address(bundle_folder: Path) -> Iterator[str]:
    """host:port of a server in a thread."""
    import threading
    import time

    import uvicorn

    from consilience.serving.app import make_app
    from consilience.serving.house import House
    from consilience.serving.settings import Settings

    app = make_app(House({"mix": bundle_folder}, Settings()))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield "127.0.0.1:" + str(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)
