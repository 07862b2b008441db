"""A process that prepares chunks: `python -m consilience.data.worker`, started by `data.workers`.

It reads a job and then chunks (Arrow IPC) from its standard input and writes each chunk's records into the
cache's files itself, so that only Problems travel back. It never loads torch.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import polars as pl

from consilience.data.cache_writer import Job
from consilience.data.chunks import plain_dtype
from consilience.data.framing import receive, send


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides: it closes our input
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    serve(sys.stdin.buffer, answers)


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    opening = receive(questions)
    if opening is None:
        return
    job = read_job(opening[0])
    while (question := receive(questions)) is not None:
        message, payload = question
        try:
            found = job.run(message["start"], pl.read_ipc_stream(io.BytesIO(payload)))
            send(answers, {"problems": [asdict(problem) for problem in found]})
        except OSError as error:
            send(answers, {"errno": error.errno, "error": error.strerror or str(error)})


def read_job(message: dict[str, Any]) -> Job:
    return Job(
        message["groups"],
        {name: Path(path) for name, path in message["paths"].items()},
        {name: plain_dtype(fields) for name, fields in message["dtypes"].items()},
    )


if __name__ == "__main__":
    main()
