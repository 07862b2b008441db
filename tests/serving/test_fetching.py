"""Only listed addresses are fetched, within limits; nothing leads from them into the private network."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.conftest import png

from consilience.core.errors import InputError
from consilience.serving import fetching
from consilience.serving.app import make_app
from consilience.serving.fetching import check_prefix, fetched
from consilience.serving.house import House
from consilience.serving.refused import RefusedError
from consilience.serving.settings import Settings

PICTURE = png(np.full((12, 12), 200, np.uint8))
COLUMNS = {"scan": "image", "note": "text"}


class Files(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.partition("?")[0]
        if name.startswith("/media/to/"):
            self.send_response(302)
            self.send_header("location", {"inside": "/media/a.png", "loop": "/media/to/loop"}.get(name[10:], "/secret"))
            self.end_headers()
            return
        if name not in ("/media/a.png", "/media/cut", "/media/slow", "/secret"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-length", str(len(PICTURE) + 10 * (name == "/media/cut")))
        self.end_headers()
        if name == "/media/slow":
            time.sleep(1.0)
        self.wfile.write(PICTURE)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    Files.asked.clear()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def fetch(url: str, settings: Settings) -> Any:
    return asyncio.run(fetched([{"scan": url, "note": url}, {"scan": None}], COLUMNS, settings))


def refused(url: str, settings: Settings) -> str:
    with pytest.raises(RefusedError) as error:
        fetch(url, settings)
    return f"{error.value.status} {error.value.message}"


def test_listed_files_are_fetched_and_texts_left_alone(files: str) -> None:
    settings = Settings(urls=(f"{files}/media",))
    url = f"{files}/media/a.png?size=1"
    assert fetch(url, settings) == [{"scan": PICTURE, "note": url}, {"scan": None}]
    assert fetch(f"{files}/media/to/inside", settings)[0]["scan"] == PICTURE
    assert fetch(url, Settings()) == [{"scan": url, "note": url}, {"scan": None}]  # refused as ever by the reader


def test_what_is_not_listed_is_not_asked_for(files: str) -> None:
    settings = Settings(urls=(f"{files}/media/",))
    host = files.removeprefix("http://")
    for url in (
        f"{files}/secret",
        f"{files}/media/../secret",
        f"{files}/media/%2e%2e/secret",
        f"{files}/media-of-others/a.png",
        f"http://user@{host}/media/a.png",
        f"http://{host}@elsewhere.test/media/a.png",
        f"http://localhost:{host.partition(':')[2]}/media/a.png",
        f"https://{host}/media/a.png",
        f"{files}/media/a.png#x",
        f"{files}/media/a b",
        "http://[::1",
        "https://",
    ):
        assert refused(url, settings).startswith("422 row 0, column 'scan': "), url
    assert Files.asked == []
    assert "not on the list" in refused(f"{files}/media/to/outside", settings)
    assert Files.asked == ["/media/to/outside"]


def test_names_do_not_lead_into_private_networks(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = files.rpartition(":")[2]
    settings = Settings(urls=(f"http://localhost:{port}/media/", "http://files.test/"))
    assert "private network" in refused(f"http://localhost:{port}/media/a.png", settings)
    for number in ("10.0.0.8", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1", "0.0.0.0"):
        answer = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", (number, 80))]
        monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, answer=answer, **__: answer)
        assert "private network" in refused("http://files.test/a.png", settings), number
    assert Files.asked == []


def test_limits_hold(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(urls=(f"{files}/media/",))
    assert refused(f"{files}/media/a.png", settings._replace(max_body=40)).startswith("413")
    assert "answered 404" in refused(f"{files}/media/none", settings)
    assert "more than 3 redirects" in refused(f"{files}/media/to/loop", settings)
    assert "could not be fetched (IncompleteRead)" in refused(f"{files}/media/cut", settings)
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    began = time.monotonic()
    assert "could not be fetched" in refused(f"{files}/media/slow", settings)
    assert time.monotonic() - began < 0.9
    assert "ConnectionRefused" in refused("http://127.0.0.1:1/a", Settings(urls=("http://127.0.0.1:1/",)))


@pytest.mark.parametrize("url", ["ftp://a/b", "https://a/b?c", "https://u@a/", "a.test/b", "https://a/../b"])
def test_a_wrong_prefix_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(InputError, match="--allow-url"):
        check_prefix(url)


def test_the_server_answers_by_address_as_by_content(bundle_folder: Path, files: str) -> None:
    house = House({"mix": bundle_folder}, Settings(urls=(check_prefix(f"{files}/media/"),)))
    with TestClient(make_app(house)) as client:
        said = []
        for cell in (f"{files}/media/a.png", base64.b64encode(PICTURE).decode()):
            reply = client.post("/v1/models/mix/predict", json={"rows": [{"scan": cell}]})
            assert reply.status_code == 200, reply.text
            said.append(reply.json()["predictions"])
        assert said[0] == said[1]
        assert client.post("/v1/models/mix/predict", json={"rows": [{"scan": f"{files}/x"}]}).status_code == 422
