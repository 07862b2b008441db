"""What a server says of its log: rows that are counted are on the disk, and an answer may wait for that."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from consilience.core.errors import InputError
from consilience.serving.app import make_app
from consilience.serving.settings import Settings
from consilience.serving.start import Logging, open_house
from consilience.watching import audit

ROWS = {"rows": [{"age": 61.0, "note": "fever cough"}] * 8}
PREDICT = "/v1/models/mix/predict"


def gauge(client: TestClient, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def test_a_synchronous_answer_is_on_the_disk_and_audited(bundle_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(bundle_folder, folder)
    audit.append(audit.beside(folder), "export", {})
    house, log = open_house({"mix": [folder]}, Settings(log_sync=True), Logging(str(tmp_path / "log.db")))
    assert log is not None
    with TestClient(make_app(house, log.close)) as client:
        for turn in range(1, 4):
            said = client.post(PREDICT, json=ROWS).json()["predictions"]
            assert all("embedded" not in row for row in said)
            assert (
                count(tmp_path / "log.db", "consilience_predictions")
                == 8 * turn
                == gauge(client, "consilience_logged_rows")
            )
        client.post("/v1/models/mix/reload")
    kinds = [line["kind"] for line in audit.read(audit.beside(folder))]
    assert kinds == ["export", "deploy", "predict", "predict", "predict", "deploy"]
    assert 0 < count(tmp_path / "log.db", "consilience_embeddings") < 24


def test_what_cannot_be_logged_is_not_answered(bundle_folder: Path, tmp_path: Path) -> None:
    house, log = open_house({"mix": [bundle_folder]}, Settings(log_sync=True), Logging(str(tmp_path / "log.db")))
    assert log is not None
    with TestClient(make_app(house, log.close)) as client:
        with sqlite3.connect(tmp_path / "log.db") as connection:
            connection.execute("alter table consilience_predictions rename to away")
        reply = client.post(PREDICT, json=ROWS)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
        assert gauge(client, "consilience_log_lost") == 8
        assert gauge(client, "consilience_log_waiting") == 0


def test_waiting_for_no_log_is_refused(bundle_folder: Path) -> None:
    with pytest.raises(InputError, match="--log-sync"):
        open_house({"mix": [bundle_folder]}, Settings(log_sync=True), Logging())
