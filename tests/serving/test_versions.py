"""Several versions under one name, models that come while the server runs, and rows referred to a person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from consilience.artifacts.manifest import MANIFEST, SIGNATURE, version_of, write_manifest
from consilience.artifacts.signing import make_keys, sign
from consilience.core.errors import InputError
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.repository import models_of, name_models, versions_of
from consilience.serving.settings import Settings

ROW = {"rows": [{"age": 61.0, "note": "fever cough"}]}
Variant = Callable[..., Path]


@pytest.fixture
def variant(bundle_folder: Path, tmp_path: Path) -> Variant:
    """A copy of the bundle that is another version: its threshold of referral differs."""

    def make(name: str, threshold: float | None = 0.99) -> Path:
        folder = tmp_path / name
        shutil.copytree(bundle_folder, folder)
        metrics = json.loads((folder / "metrics.json").read_text())
        metrics["abstention"]["promises"] = [{"wanted": 0.05, "threshold": threshold}]
        (folder / "metrics.json").write_text(json.dumps(metrics))
        known = json.loads((folder / MANIFEST).read_text())
        write_manifest(folder, {k: v for k, v in known.items() if k not in ("format", "files")})
        return folder

    return make


def test_names_share_versions_and_the_latest_answers(bundle_folder: Path, variant: Variant) -> None:
    folders = [bundle_folder, variant("v2")]
    versions = [version_of(f) for f in folders]
    with TestClient(make_app(House({"mix": folders}, Settings()))) as client:
        assert client.get("/v2/models/mix").json()["versions"] == versions
        assert client.get("/v1/models/mix").json()["versions"] == versions
        assert client.post("/v1/models/mix/predict", json=ROW).json()["version"] == versions[1]
        old = client.post("/v1/models/mix/predict", json={**ROW, "version": versions[0]}).json()
        assert old["version"] == versions[0]
        tensors = {"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [61.0]}]}
        for version in versions:
            base = f"/v2/models/mix/versions/{version}"
            assert client.get(f"{base}/ready").json() == {"name": "mix", "ready": True}
            assert client.post(f"{base}/infer", json=tensors).json()["model_version"] == version
        assert client.post("/v2/models/mix/infer", json=tensors).json()["model_version"] == versions[1]
        assert client.get("/v2/models/mix/versions/none").status_code == 404
        assert client.post("/v1/models/mix/predict", json={**ROW, "version": "none"}).status_code == 404
        assert client.post("/v1/models/mix/predict", json={**ROW, "version": 1}).status_code == 422
        assert client.get("/metrics").text.count("consilience_queue_requests{") == 1
        assert client.post("/v1/models/mix/reload").json()["version"] == versions[1]
        assert client.get("/v1/models/mix").json()["versions"] == versions
    with pytest.raises(InputError, match="the same model"):
        House({"mix": [bundle_folder, bundle_folder]}, Settings())


def test_a_reload_adds_models_and_versions_without_a_restart(variant: Variant, tmp_path: Path) -> None:
    first = variant("repository/mix/1")
    house = House({}, Settings(repository=tmp_path / "repository"))
    with TestClient(make_app(house)) as client:
        assert "/v1/models/new/predict" not in client.get("/openapi.json").json()["paths"]
        assert client.post("/v1/models/new/reload").status_code == 404
        assert client.post("/v1/models/..%2Fmix/reload").status_code == 404
        second, new = variant("repository/mix/10", 0.5), variant("repository/new")
        assert client.post("/v1/models/mix/reload").json()["version"] == version_of(second)
        assert client.get("/v2/models/mix").json()["versions"] == [version_of(first), version_of(second)]
        assert client.post("/v1/models/new/reload").json() == {"model": "new", "version": version_of(new)}
        assert client.post("/v1/models/new/predict", json=ROW).status_code == 200
        assert client.post("/v1/models/new/predict/form", data={"age": "61"}).status_code == 200
        assert "/v1/models/new/predict" in client.get("/openapi.json").json()["paths"]
        assert client.get("/models/new").status_code == 200
        (new / "network.onnx").write_bytes(b"broken")
        assert client.post("/v1/models/new/reload").status_code == 422
        assert client.post("/v1/models/new/predict", json=ROW).status_code == 200  # the old one stays


def test_every_load_is_told(variant: Variant) -> None:
    told: list[str] = []
    house = House({"mix": variant("v1")}, Settings(), None, lambda hosted: told.append(hosted.version))
    with TestClient(make_app(house)) as client:
        client.post("/v1/models/mix/reload")
    assert len(told) == 2


def test_a_reload_trusts_no_more_than_the_start(variant: Variant, tmp_path: Path) -> None:
    private, public = make_keys(tmp_path / "key")
    folder = variant("v1")
    with pytest.raises(InputError, match="not signed"):
        House({"mix": folder}, Settings(trust=public))
    sign(folder, private)
    with TestClient(make_app(House({"mix": folder}, Settings(trust=public)))) as client:
        assert client.post("/v1/models/mix/reload").status_code == 200
        (folder / SIGNATURE).unlink()
        reply = client.post("/v1/models/mix/reload")
        assert (reply.status_code, "not signed" in reply.json()["error"]) == (422, True)


def test_folders_become_names(variant: Variant, tmp_path: Path) -> None:
    ten, two = variant("many/v10"), variant("many/v2")
    (tmp_path / "many" / ".v3.part").mkdir()
    assert versions_of(tmp_path / "many") == [two, ten]
    assert name_models([f"a={two}", f"a={ten}", str(two)]) == {"a": [two, ten], "v2": [two]}
    assert models_of(tmp_path) == {"many": [tmp_path / "many"]}
    with pytest.raises(InputError, match="given twice"):
        name_models([f"a={two}", f"a={two}"])
    with pytest.raises(InputError, match="cannot stand in an address"):
        name_models([f"a/b={two}"])
    with pytest.raises(InputError, match="holds no model"):
        models_of(two)


def test_unsure_rows_are_referred(variant: Variant) -> None:
    def ask(threshold: float | None, body: dict[str, Any]) -> Any:
        folder = variant(f"at{threshold}{len(body)}", threshold)
        with TestClient(make_app(House({"mix": folder}, Settings()))) as client:
            return client.post("/v1/models/mix/predict", json={**ROW, **body})

    assert "referred" not in ask(1.0, {}).json()["predictions"][0]
    assert ask(1.0, {"abstain": 0.05}).json()["predictions"][0]["referred"] is True
    assert ask(0.0, {"abstain": 0.05}).json()["predictions"][0]["referred"] is False
    unknown = ask(0.2, {"abstain": 0.07})
    assert (unknown.status_code, "did not look for an error rate of 0.07" in unknown.json()["error"]) == (422, True)
    hopeless = ask(None, {"abstain": 0.05})
    assert (hopeless.status_code, "no confidence keeps" in hopeless.json()["error"]) == (422, True)
    assert ask(0.3, {"abstain": "much"}).status_code == 422
