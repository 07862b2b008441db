"""Log, feedback, retention and monitor over every database that is there: SQLite always, PostgreSQL where
CONSILIENCE_TEST_DATABASE_URL names one (postgresql+psycopg://user@host/database; its tables are dropped)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from consilience.data.table import read_table
from consilience.watching.feedback import give_feedback
from consilience.watching.monitor import read_log
from consilience.watching.prediction_log import PredictionLog, forget, open_engine, record

COLUMNS = {"age": "number", "city": "category", "note": "text"}
SERVER = os.environ.get("CONSILIENCE_TEST_DATABASE_URL")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'log.db'}"
        return
    if not SERVER:
        pytest.skip("CONSILIENCE_TEST_DATABASE_URL names no PostgreSQL server")
    from consilience.watching.tables import metadata

    engine = open_engine(SERVER)
    metadata.drop_all(engine)
    yield SERVER
    metadata.drop_all(engine)
    engine.dispose()


def answer(share: float) -> dict[str, Any]:
    shares = {"no": 1 - share, "yes": share}
    return {"prediction": "yes", "probabilities": shares, "given": {"number": True}, "embedded": {"text": [share] * 16}}


def test_what_is_logged_is_read_back(url: str) -> None:
    cells = {"age": [61.0, float("nan"), float("inf"), None], "city": ["rome", "\0", "发烧", None], "note": ["a"] * 4}
    frame = pl.DataFrame(cells)
    log = PredictionLog(url, "full")
    ids = record(log, ("mix", "v1"), COLUMNS, frame.to_dicts(), [answer(0.1 * i) for i in range(4)], 0.01)
    record(log, ("other", "v1"), COLUMNS, frame.head(1).to_dicts(), [answer(0.5)], 0.01)
    log.flush()
    labels = pl.DataFrame({"id": [ids[0], ids[1], "unknown"], "label": ["no", "yes", "no"]})
    assert give_feedback(url, read_table(labels)) == {"filed": 2, "unknown": 1}
    assert give_feedback(url, read_table(labels.with_columns(label=pl.lit("maybe")))) == {"filed": 2, "unknown": 1}
    rows = {row["id"]: row for row in read_log(url, 1.0, "mix")}
    assert set(rows) == set(ids)
    assert [rows[i]["label"] for i in ids] == ["maybe", "maybe", None, None]
    assert [rows[i]["inputs"]["age"] for i in ids] == [61.0, None, None, None]
    assert [rows[i]["inputs"]["city"] for i in ids] == cells["city"]
    assert rows[ids[3]]["embedded"] == {"text": pytest.approx([0.3] * 16)}
    assert forget(log.engine, datetime.now(UTC) - timedelta(days=1)) == 0
    assert forget(log.engine, datetime.now(UTC) + timedelta(days=1)) == 5
    log.close()
    assert (log.written, log.lost) == (5, 0)


def test_many_writers_lose_nothing(url: str) -> None:
    logs = [PredictionLog(url) for _ in range(3)]
    frame = pl.DataFrame({"age": [1.0] * 5, "city": ["rome"] * 5, "note": ["a"] * 5})

    def write(log: PredictionLog) -> None:
        for _ in range(20):
            record(log, ("mix", "v1"), COLUMNS, frame.to_dicts(), [answer(0.5)] * 5, 0.01)
        log.flush()

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_log(url, None, "mix")) == 300
    for log in logs:
        log.close()
