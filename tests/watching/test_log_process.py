"""The log in a process of its own: what is handed over is written, whoever dies."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.core.errors import InputError
from consilience.watching import audit
from consilience.watching.frames import read_frame, write_frame
from consilience.watching.log_process import LogProcess
from consilience.watching.prediction_log import PredictionLog, record

COLUMNS = {"age": "number", "note": "text"}
ANSWER: dict[str, Any] = {"prediction": "b", "probabilities": {"a": 0.25, "b": 0.75}, "given": {"number": True}}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def row(number: int) -> dict[str, Any]:
    return {"age": number, "note": f"row {number}"}


def stored(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(
            "select model, version, inputs, prediction, probabilities, given, milliseconds "
            "from consilience_predictions order by inputs"
        )
        return found.fetchall()


def wait_until(done: Any) -> None:
    until = time.monotonic() + 20
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)


@given(value=PLAIN, blob=st.binary(max_size=40))
def test_frames_come_back(value: Any, blob: bytes) -> None:
    stream = io.BytesIO()
    write_frame(stream, [value, {"picture": blob}])
    write_frame(stream, value)
    whole = stream.getvalue()
    stream.seek(0)
    assert read_frame(stream) == [value, {"picture": blob}]
    assert read_frame(stream) == value
    assert read_frame(stream) is None
    assert read_frame(io.BytesIO(whole[:-1])) == [value, {"picture": blob}]
    assert read_frame(io.BytesIO(whole[:5])) is None


def test_what_no_frame_holds_is_refused() -> None:
    stream = io.BytesIO()
    with pytest.raises(TypeError):
        write_frame(stream, {"cell": object()})
    assert stream.getvalue() == b""


def test_the_same_is_written_as_by_a_thread(tmp_path: Path) -> None:
    chain = tmp_path / "chain.jsonl"
    audits = lambda model, version: chain if model == "m" else None  # noqa: E731
    here = PredictionLog(str(tmp_path / "here.db"), "full", audits=lambda *_: None)
    there = LogProcess(str(tmp_path / "there.db"), "full", audits=audits)
    told: list[bool] = []
    for number in range(7):
        for log in (here, there):
            record(log, ("m", "1"), COLUMNS, [row(number)], [ANSWER], 0.5, told.append if log is there else None)
    ids = record(there, ("m", "1"), {"scan": "image"}, [{"scan": b"\0no picture"}], [ANSWER | {"embedded": {}}], 0.5)
    record(here, ("m", "1"), {"scan": "image"}, [{"scan": b"\0no picture"}], [ANSWER], 0.5)
    here.flush()
    there.flush()
    assert stored(tmp_path / "here.db") == stored(tmp_path / "there.db")
    assert (there.written, there.lost, there.waiting) == (8, 0, 0)
    assert told == [True] * 7
    assert len(ids[0]) == 32
    here.close()
    there.close()
    assert sum(line["facts"]["rows"] for line in audit.read(chain) if line["kind"] == "predict") == 8


def test_a_writer_that_dies_is_counted_and_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = LogProcess(str(tmp_path / "log.db"))
    record(log, ("m", "1"), COLUMNS, [row(0)], [ANSWER], 0.5)
    log.flush()
    os.kill(log._process.pid, signal.SIGSTOP)  # it reads no more
    told: list[bool] = []
    record(log, ("m", "1"), COLUMNS, [row(1)], [ANSWER], 0.5, told.append)
    wait_until(lambda: log._sent)
    time.sleep(0.1)
    os.kill(log._process.pid, signal.SIGKILL)
    wait_until(lambda: told == [False])
    assert "lost 1 rows" in caplog.text
    record(log, ("m", "1"), COLUMNS, [row(2)], [ANSWER], 0.5, told.append)
    wait_until(lambda: told == [False, True])
    assert (log.written, log.lost, log.waiting) == (2, 1, 0)
    with pytest.raises(InputError, match="1 rows"):
        log.flush()
    log.close()
    assert len(stored(tmp_path / "log.db")) == 2


def test_what_comes_while_no_writer_lives_is_handed_to_the_next(tmp_path: Path) -> None:
    log = LogProcess(str(tmp_path / "log.db"))
    for number in range(20):
        if number % 5 == 0:
            wait_until(lambda: log._process.poll() is None and log._listener.is_alive())  # the next one has begun
            log._process.kill()
            log._listener.join()
        record(log, ("m", "1"), COLUMNS, [row(number)], [ANSWER], 0.5)
    log.close()
    assert log.written + log.lost == 20
    assert len(stored(tmp_path / "log.db")) >= log.written


def test_a_cell_that_no_frame_holds_is_lost_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = LogProcess(str(tmp_path / "log.db"))
    told: list[bool] = []
    record(log, ("m", "1"), COLUMNS, [{"age": object(), "note": None}], [ANSWER], 0.5, told.append)
    record(log, ("m", "1"), COLUMNS, [row(1)], [ANSWER], 0.5)
    log.close()
    assert told == [False]
    assert (log.written, log.lost) == (1, 1)
    assert "lost 1 rows" in caplog.text


def test_what_was_handed_over_outlives_the_server(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, time\n"
        "from consilience.watching.log_process import LogProcess\n"
        "from consilience.watching.prediction_log import record\n"
        "log = LogProcess(sys.argv[1])\n"
        "for n in range(50):\n"
        "    record(log, ('m', '1'), {'age': 'number'}, [{'age': n}], [{'prediction': 'b', 'given': {}}], 0.1)\n"
        "while log._queue:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "log.db"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    wait_until(lambda: len(stored(path)) == 50)


def test_an_address_that_cannot_be_opened_is_an_error_at_once() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        LogProcess("sqlite:////nowhere/at/all/log.db")
