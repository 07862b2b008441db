"""Several processes that prepare the chunks of a table.

They are plain child processes with pipes, not `multiprocessing`: a script without an `if __name__ ==
"__main__"` guard works, nothing of the parent's memory or threads is inherited, and torch is never loaded.
"""

from __future__ import annotations

import io
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator
from typing import IO, NamedTuple

import polars as pl

from consilience.core.errors import ConsilienceError
from consilience.data.cache_writer import Job
from consilience.data.chunks import plain_fields
from consilience.data.framing import receive, send
from consilience.modalities.base import Problem

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class Chunk(NamedTuple):
    """Rows `start` and on of the table."""

    start: int
    frame: pl.DataFrame


class Done(NamedTuple):
    """A chunk that is written: its first row, its number of rows, and its Problems (rows from the chunk's
    start)."""

    start: int
    rows: int
    problems: list[Problem]


Results = Generator[Done, None, None]


def run_chunks(job: Job, chunks: Iterator[Chunk], processes: int) -> Results:
    """Prepare the chunks in `processes` processes, this one among them; results come as they are done, in
    no order.

    This process works while the others are still starting, so that few rows do not wait for them.

    Raises:
        OSError: when a chunk cannot be written.
        ConsilienceError: when a worker ends early (out of memory, a crash in a decoder).
    """
    shared = _Shared(iter(chunks), threading.Lock(), queue.Queue())
    workers = [_Worker(job) for _ in range(processes - 1)]
    threads = [threading.Thread(target=_feed, args=(w, shared), daemon=True) for w in workers]
    try:
        for thread in threads:
            thread.start()
        while (chunk := shared.next_chunk()) is not None:
            yield Done(chunk.start, chunk.frame.height, job.run(chunk.start, chunk.frame))
            while not shared.results.empty():
                yield from _result(shared.results.get())
        for thread in threads:
            thread.join()
        while not shared.results.empty():
            yield from _result(shared.results.get())
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()


def _result(found: Done | Exception) -> Iterator[Done]:
    if isinstance(found, Exception):
        raise found
    yield found


class _Shared(NamedTuple):
    """What the feeding threads share. results: Done, or the exception that ended a thread."""

    chunks: Iterator[Chunk]
    lock: threading.Lock
    results: queue.Queue[Done | Exception]

    def next_chunk(self) -> Chunk | None:
        with self.lock:
            return next(self.chunks, None)


def _feed(worker: _Worker, shared: _Shared) -> None:
    try:
        while (chunk := shared.next_chunk()) is not None:
            shared.results.put(worker.run(chunk))
    except Exception as error:  # raised again in the caller's thread
        shared.results.put(error)


class _Worker:
    def __init__(self, job: Job) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `stop`)
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consilience.data.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths},
        )
        self._input: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        self._output: IO[bytes] = self._process.stdout  # type: ignore[assignment]
        self._opening = {
            "groups": dict(job.groups),
            "paths": {name: str(path) for name, path in job.paths.items()},
            "dtypes": {name: plain_fields(dtype) for name, dtype in job.dtypes.items()},
        }
        self._opened = False

    def run(self, chunk: Chunk) -> Done:
        try:
            if not self._opened:
                send(self._input, self._opening)
                self._opened = True
            buffer = io.BytesIO()
            chunk.frame.write_ipc_stream(buffer)
            send(self._input, {"start": chunk.start}, buffer.getbuffer())
            answer = receive(self._output)
        except (BrokenPipeError, ValueError):  # it ended; or it was stopped and its pipes are closed
            answer = None
        if answer is None:
            raise self._died(chunk)
        message = answer[0]
        if "error" in message:
            raise OSError(message["errno"], message["error"])
        return Done(chunk.start, chunk.frame.height, [Problem(**p) for p in message["problems"]])

    def _died(self, chunk: Chunk) -> ConsilienceError:
        code = self._process.wait()
        self._log.seek(0)
        last = self._log.read().decode(errors="replace").strip().splitlines()[-1:]
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        rows = f"rows {chunk.start} to {chunk.start + chunk.frame.height - 1}"
        return ConsilienceError(
            f"a process that prepared {rows} ended early ({'; '.join([how, *last])}). "
            "Fewer processes need less memory: --set prepare.workers=1"
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._input, self._output, self._log):
            try:
                stream.close()
            except BrokenPipeError:
                continue  # unsent bytes for a process that is gone
