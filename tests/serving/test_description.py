"""Nothing that the server's own description allows breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from starlette.testclient import TestClient

from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.settings import Settings

OFTEN = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def test_no_request_fails_the_server(bundle_folder: Path) -> None:
    app = make_app(House({"mix": bundle_folder}, Settings()))
    with TestClient(app, raise_server_exceptions=False) as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        asked = 0
        for operation in schema.get_all_operations():

            @given(case=operation.ok().as_strategy())
            @OFTEN
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                sent = case.as_transport_kwargs(base_url="http://testserver")
                if isinstance(sent.get("data"), bytes):
                    sent["content"] = sent.pop("data")
                reply = client.request(**{k: v for k, v in sent.items() if k != "cookies"})
                assert reply.status_code < 500, (case, reply.text)

            ask()
        assert asked >= 10
