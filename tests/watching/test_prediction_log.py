"""What was flushed is on the disk, whatever happens to the process; old rows go."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import mixed_table

from consilience.core.errors import InputError, MissingExtraError
from consilience.data.table import read_table
from consilience.watching import audit
from consilience.watching.feedback import give_feedback
from consilience.watching.prediction_log import PredictionLog, forget, record

COLUMNS = {"age": "number", "city": "category", "note": "text", "scan": "image", "voice": "audio"}


def answers(rows: int) -> list[dict[str, Any]]:
    return [{"prediction": "yes", "probabilities": {"no": 0.2, "yes": 0.8}, "given": {"number": True}}] * rows


def read(path: Path, query: str) -> list[Any]:
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("keep", ["summary", "full"])
def test_rows_are_logged_with_their_inputs(tmp_path: Path, keep: Any) -> None:
    frame = mixed_table(20).select(list(COLUMNS))
    log = PredictionLog(str(tmp_path / "log.db"), keep)
    ids = record(log, ("mix", "v1"), COLUMNS, frame.to_dicts(), answers(20), 0.01)
    log.close()
    rows = read(tmp_path / "log.db", "select id, inputs, prediction, milliseconds from consilience_predictions")
    assert {r[0] for r in rows} == set(ids)
    assert {r[2:] for r in rows} == {("yes", 10.0)}
    assert any("noted by the ward" in r[1] for r in rows) == (keep == "full")
    assert any("brightness" in r[1] for r in rows) == (keep == "summary")


def test_transactions_and_feedback_are_audited(tmp_path: Path) -> None:
    url, chain = str(tmp_path / "log.db"), tmp_path / "audit.jsonl"
    log = PredictionLog(url, audits=lambda model, _: chain if model == "mix" else None)
    ids = record(log, ("mix", "v1"), {"age": "number"}, [{"age": 1.0}, {"age": 2.0}], answers(2), 0.01)
    record(log, ("other", "v1"), {"age": "number"}, [{"age": 1.0}], answers(1), 0.01)
    log.close()
    give_feedback(url, read_table(pl.DataFrame({"id": ids, "label": ["no", "yes"]})), chain)
    lines = [(line["kind"], line["facts"]["rows"]) for line in audit.read(chain)]
    assert lines == [("predict", 2), ("feedback", 2)]
    assert audit.verify(chain).sound


def test_what_cannot_be_written_is_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilience.watching.prediction_log.WAITS", ())
    (tmp_path / "audit.jsonl").write_text("no audit\n")
    log = PredictionLog(str(tmp_path / "log.db"), audits=lambda *_: tmp_path / "audit.jsonl")
    row = (("mix", "v1"), {"age": "number"}, [{"age": 1.0}], answers(1), 0.01)
    record(log, *row)
    with pytest.raises(InputError, match="1 rows or audit lines"):
        log.flush()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("alter table consilience_predictions rename to away")
    record(log, *row)
    with pytest.raises(InputError, match="2 rows"):
        log.flush()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("alter table away rename to consilience_predictions")
    (tmp_path / "audit.jsonl").unlink()
    record(log, ("other", *row[0][1:]), *row[1:])
    with pytest.raises(InputError, match="2 rows"):  # a later success hides no earlier loss
        log.flush()
    log.close()
    assert len(read(tmp_path / "log.db", "select id from consilience_predictions")) == 2


def test_retention_and_feedback(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = PredictionLog(url)
    ids = record(log, ("mix", "v1"), {"age": "number"}, [{"age": 1.0}, {"age": 2.0}], answers(2), 0.01)
    log.flush()
    labels = pl.DataFrame({"id": [ids[0], "other"], "label": ["no", "no"]})
    assert give_feedback(url, read_table(labels)) == {"filed": 1, "unknown": 1}
    assert give_feedback(url, read_table(labels))["filed"] == 1
    with pytest.raises(InputError, match="no column 'label'"):
        give_feedback(url, read_table(labels.drop("label")))
    assert forget(log.engine, datetime.now(UTC) - timedelta(days=1)) == 0
    assert forget(log.engine, datetime.now(UTC) + timedelta(days=1)) == 2
    log.close()


def test_a_killed_process_loses_nothing_flushed(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom consilience.watching.prediction_log import PredictionLog, record\n"
        "log = PredictionLog(sys.argv[1])\n"
        "answer = {'prediction': 'a', 'probabilities': None, 'given': {}}\n"
        "while True:\n"
        "    ids = record(log, ('m', 'v'), {'x': 'number'}, [{'x': 1.0}], [answer], 0.1)\n"
        "    log.flush()\n    print(ids[0], flush=True)"
    )
    path, known = tmp_path / "log.db", set()
    for seed in range(4):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        known.add(process.stdout.readline().strip())
        time.sleep(0.1 + 0.07 * seed)
        process.kill()
        known |= {line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")}
        process.stdout.close()
        process.wait()
    logged = {row[0] for row in read(path, "select id from consilience_predictions")}
    assert len(known) > 20
    assert known <= logged


def test_a_database_that_cannot_be_opened_is_named() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        PredictionLog("sqlite:////nowhere/at/all/log.db")
    with pytest.raises(InputError, match="cannot be opened"):
        PredictionLog("nosuchdatabase://host/db")
    with pytest.raises(InputError, match=r"me:\*\*\*@host"):
        PredictionLog("nosuchdatabase://me:secret@host/db")


def test_a_missing_driver_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match="postgres"):
        PredictionLog("postgresql://host/db")
