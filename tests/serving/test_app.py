"""The server answers as the model does, refuses what it must, and never fails on bad input."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.conftest import png

import consilience as cs
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.keys import make_key
from consilience.serving.settings import Settings

PREDICT = "/v1/models/mix/predict"


@pytest.fixture
def client(bundle_folder: Path) -> Iterator[TestClient]:
    with TestClient(make_app(House({"mix": bundle_folder}, Settings(max_rows=50, max_body=1 << 20)))) as client:
        yield client


def samples(folder: Path) -> list[dict[str, Any]]:
    rows = pl.read_parquet(folder / "sample.parquet").to_dicts()
    return [{c: base64.b64encode(v).decode() if isinstance(v, bytes) else v for c, v in r.items()} for r in rows]


def test_answers_are_the_models(client: TestClient, bundle_folder: Path) -> None:
    reply = client.post(PREDICT, json={"rows": samples(bundle_folder), "level": 0.9})
    assert reply.status_code == 200
    wanted = cs.load(bundle_folder).predict_table(pl.read_parquet(bundle_folder / "sample.parquet"), level=0.9)
    said = reply.json()["predictions"]
    assert [s["prediction"] for s in said] == wanted["prediction"].to_list()
    np.testing.assert_allclose([s["probabilities"]["yes"] for s in said], wanted["probability:yes"], atol=1e-6)
    assert [" | ".join(s["set"]) for s in said] == wanted["set"].to_list()


def test_shares_add_up_and_absent_sources_bring_nothing(client: TestClient) -> None:
    reply = client.post(PREDICT, json={"rows": [{"age": 70, "note": "fever cough"}], "explain": True})
    said = reply.json()["predictions"][0]
    assert said["given"] == {g: g in ("number", "text") for g in said["given"]}
    assert said["shares"]["image"] == 0
    total = said["shares_from"] + sum(said["shares"].values())
    assert total == pytest.approx(said["probabilities"][said["prediction"]], abs=1e-6)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 422, "not JSON"),
        (b"[]", 422, "object"),
        (b'{"rows": []}', 422, "at least one row"),
        (b'{"rows": [{"agee": 1}]}', 422, "did you mean 'age'"),
        (b'{"rows": [{}]}', 422, "none of the model's columns"),
        (b'{"rows": [{"age": {"a": 1}}]}', 422, "column 'age'"),
        (b'{"rows": [{"scan": "/etc/passwd"}]}', 422, "not opened"),
        (b'{"rows": [{"scan": "http://127.0.0.1/x.png"}]}', 422, "not opened"),
        (b'{"rows": [{"age": 1}], "level": 2}', 422, "between 0 and 1"),
        (b'{"rows": [' + b'{"age": 1},' * 60 + b'{"age": 1}]}', 413, "limit is 50"),
        (b" " * (1 << 21), 413, "bytes at most"),
    ],
)
def test_bad_requests_are_refused_with_the_reason(client: TestClient, body: bytes, status: int, says: str) -> None:
    reply = client.post(PREDICT, content=body)
    assert reply.status_code == status
    assert says in reply.json()["error"]


def test_bombs_are_refused_before_decoding(client: TestClient) -> None:
    image = bytearray(png(np.zeros((4, 4), np.uint8)))
    image[16:24] = (60_000).to_bytes(4, "big") * 2
    reply = client.post(PREDICT, json={"rows": [{"scan": base64.b64encode(bytes(image)).decode()}]})
    assert reply.status_code == 413
    assert "60000 × 60000 pixels" in reply.json()["error"]


def test_mutated_media_never_fail(client: TestClient, bundle_folder: Path) -> None:
    dice = random.Random(3)
    sample = samples(bundle_folder)
    for column in ("scan", "voice"):
        source = base64.b64decode(next(s[column] for s in sample if s[column]))
        for _ in range(60):
            data = bytearray(source)
            for _ in range(dice.randint(1, 8)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            cut = bytes(data[: dice.randrange(1, len(data) + 1)])
            reply = client.post(PREDICT, json={"rows": [{column: base64.b64encode(cut).decode()}]})
            assert reply.status_code in (200, 413), reply.text


def test_forms_and_tables(client: TestClient, bundle_folder: Path) -> None:
    image = png(np.full((12, 12), 200, np.uint8))
    reply = client.post(f"{PREDICT}/form", data={"age": "61", "note": ""}, files={"scan": ("a.png", image)})
    assert reply.status_code == 200, reply.text
    assert reply.json()["predictions"][0]["given"]["image"]
    table = b"age,note\n61,fever\n,\n30,well rested\n"
    reply = client.post(f"{PREDICT}/table", content=table, headers={"content-type": "text/csv", "accept": "text/csv"})
    assert pl.read_csv(io.BytesIO(reply.content)).height == 3
    reply = client.post(f"{PREDICT}/table", content=table, headers={"content-type": "text/html"})
    assert reply.status_code == 415
    reply = client.post(f"{PREDICT}/table", content=b"PAR1", headers={"content-type": "application/x-parquet"})
    assert reply.status_code == 422
    assert "/tmp" not in reply.text


def test_page_metrics_and_headers(client: TestClient) -> None:
    page = client.get("/")
    assert "Leave empty what is not known" in page.text
    assert 'type="file"' in page.text
    assert "nonce-" in page.headers["content-security-policy"]
    client.post(PREDICT, json={"rows": [{"age": 1}]})
    text = client.get("/metrics").text
    assert 'consilience_missing_total{group="image",model="mix"} 1.0' in text
    assert client.get("/readyz").json() == {"ready": True}
    assert client.get("/v1/models").headers["x-content-type-options"] == "nosniff"
    assert client.get("/v1/models/other").status_code == 404


def test_openapi_shows_every_column_with_an_example(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"][PREDICT]["post"]["requestBody"]["content"]["application/json"]
    columns = body["schema"]["properties"]["rows"]["items"]["properties"]
    assert set(columns) == {"age", "dose", "city", "visit", "note", "scan", "voice"}
    assert client.post(PREDICT, json=body["example"]).status_code == 200


def test_keys_let_in_and_keep_out(bundle_folder: Path) -> None:
    key, digest = make_key()
    house = House({"mix": bundle_folder}, Settings(keys=frozenset({digest})))
    with TestClient(make_app(house)) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"x-api-key": "guess"}).status_code == 401
        assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert client.get("/").headers["www-authenticate"].startswith("Basic")
        assert client.get("/", auth=("anyone", key)).status_code == 200
        assert client.get("/", auth=("anyone", "guess")).status_code == 401
        assert client.get("/", headers={"authorization": "Basic ???"}).status_code == 401


def test_a_failure_shows_a_number_and_nothing_else(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("consilience.serving.hosted.in_memory", broken)
    reply = client.post(PREDICT, json={"rows": [{"age": 1}]})
    assert reply.status_code == 500
    assert "secret" not in reply.text


def test_reload_swaps_the_model(client: TestClient) -> None:
    before = client.get("/v1/models/mix").json()["version"]
    assert client.post("/v1/models/mix/reload").json() == {"model": "mix", "version": before}
    assert client.post(PREDICT, json={"rows": [{"age": 1}]}).status_code == 200
