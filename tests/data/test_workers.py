from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import ConsilienceError
from consilience.core.recipe import Prepare
from consilience.data import workers
from consilience.data.cache_writer import Job, reserve
from consilience.data.chunks import plain_dtype, plain_fields, record_type
from consilience.data.framing import receive, send
from consilience.data.worker import serve
from consilience.data.workers import Chunk, run_chunks
from consilience.modalities.number import Number

FRAME = pl.DataFrame({"x": [str(i) if i % 10 else "bad" for i in range(100)]})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    facts = {"modality": "number", **Number.learn({"x": FRAME["x"]}, Prepare())}
    dtype = record_type(FRAME, facts)
    reserve(tmp_path / "0.rows", len(FRAME) * dtype.itemsize)
    return Job({"n": facts}, {"n": tmp_path / "0.rows"}, {"n": dtype})


def chunks(step: int = 7) -> Iterator[Chunk]:
    return (Chunk(start, FRAME.slice(start, step)) for start in range(0, 100, step))


@pytest.mark.parametrize("processes", [1, 3])
def test_every_row_is_written_at_its_place(job: Job, processes: int) -> None:
    done = list(run_chunks(job, chunks(), processes))
    assert sum(d.rows for d in done) == 100
    assert sorted(d.start + r for d in done for p in d.problems for r in p.rows) == list(range(0, 100, 10))
    records = np.fromfile(job.paths["n"], job.dtypes["n"])
    expected = Number.arrays({"x": FRAME["x"]}, job.groups["n"]).arrays
    assert all(np.array_equal(records[name], array) for name, array in expected.items())


def children() -> set[int]:
    return {int(p) for p in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="lists children from /proc"
)


@needs_proc
def test_closing_early_leaves_no_process(job: Job) -> None:
    before = children()
    running = run_chunks(job, chunks(1), 3)
    next(running)
    assert len(children() - before) == 2
    running.close()
    assert children() == before


@needs_proc
def test_a_worker_that_dies_is_one_clear_error(job: Job) -> None:
    before = children()

    def killing() -> Iterator[Chunk]:
        for chunk in chunks(5):
            yield chunk
            for child in children() - before:
                os.kill(child, signal.SIGKILL)

    with pytest.raises(ConsilienceError, match=r"a process that prepared rows \d+ to \d+ ended early \(signal 9"):
        list(run_chunks(job, killing(), 2))
    assert children() == before


def test_a_worker_tells_why_it_cannot_write(job: Job, tmp_path: Path) -> None:
    opening = {
        "groups": job.groups,
        "paths": {"n": str(tmp_path / "gone" / "0.rows")},
        "dtypes": {"n": plain_fields(job.dtypes["n"])},
    }
    questions, answers, rows = io.BytesIO(), io.BytesIO(), io.BytesIO()
    FRAME.write_ipc_stream(rows)
    send(questions, opening)
    send(questions, {"start": 0}, rows.getvalue())
    questions.seek(0)
    serve(questions, answers)
    answers.seek(0)
    assert receive(answers) == ({"errno": 2, "error": "No such file or directory"}, b"")
    assert receive(answers) is None


def test_record_types_survive_the_way_to_a_worker(job: Job) -> None:
    dtype = np.dtype([("a", "<u2", (2, 3)), ("b", "?"), ("c", "<f4", (1,))], align=True)
    assert plain_dtype(json.loads(json.dumps(plain_fields(dtype)))) == dtype


def test_an_error_in_this_process_stops_the_others(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("consilience.data.cache_writer.write_at", full)
    with pytest.raises(OSError, match="No space left"):
        list(run_chunks(job, chunks(), 2))


def test_a_script_without_a_main_guard_works(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import polars as pl\n"
        "from consilience.core.recipe import Group, Prepare\n"
        "from consilience.data.features import learn_facts, prepare\n"
        "from consilience.data.table import Table\n"
        "table = Table(pl.DataFrame({'x': [1.0, 2.0, 3.0] * 50}), None, 't')\n"
        "facts = learn_facts(table.frame, {'n': Group(columns=('x',), modality='number')}, Prepare())\n"
        "print(prepare(table, facts, Prepare(workers=2)).rows)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "CONSILIENCE_CACHE": str(tmp_path / "cache"),
    }
    run = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, timeout=60)
    assert run.stdout.decode().strip() == "150", run.stderr.decode()


def test_workers_never_load_torch() -> None:
    code = "import sys, consilience.data.worker; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert run.stdout.decode().split() == ["False", "False"]
    assert "torch" not in vars(workers)
