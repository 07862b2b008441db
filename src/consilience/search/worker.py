"""One worker of a search that tries several recipes at once: it trains, tells every epoch, and waits for an answer.

It never touches the study. Whoever asks it speaks JSON text, so that it can stand in another process or machine.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

from consilience.core.errors import ConsilienceError
from consilience.search.bench_files import digest_of, keep_content, read_bench
from consilience.search.trial import Bench


class EndedError(Exception):
    """The trial was told to end early."""


class TrialWorker:
    """Trains one trial after another.

    `begin` starts a trial and returns its first message, `go_on` each further one: a JSON object with "kind"
    "step" (step, value; the worker waits for `go_on`), or the last one: "value" (value), "pruned", or "failed" (error);
    those have "seconds" too.
    """

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._bench: Bench | None = None
        self._own: Path | None = None
        self._messages: SimpleQueue[str | BaseException] = SimpleQueue()
        self._answers: SimpleQueue[bool] = SimpleQueue()

    def open(self, folder: str, digest: str) -> str:
        """Read the bench in `folder`, where this machine has it.

        Returns:
            JSON: {"reached": whether it has, "error": what is wrong with it or None, "host", "pid", "versions"}.
        """
        reached = digest_of(Path(folder)) == digest
        return self._opened(Path(folder)) if reached else self._told(reached=False)

    def receive(self, content: Mapping[str, np.ndarray[Any, np.dtype[np.uint8]]]) -> str:
        """Read a bench from its files' bytes. Returns: see `open`."""
        self._own = Path(tempfile.mkdtemp(prefix="consilience-trials-"))
        keep_content(dict(content), self._own)
        return self._opened(self._own)

    def _opened(self, folder: Path) -> str:
        try:
            self._bench = read_bench(folder)
        except ConsilienceError as error:
            return self._told(error=f"{socket.gethostname()}: {error}")
        return self._told()

    def _told(self, reached: bool = True, error: str | None = None) -> str:
        versions = {name: version(name) for name in ("consilience", "torch", "numpy")}
        told = {"reached": reached, "error": error, "host": socket.gethostname(), "pid": os.getpid()}
        return json.dumps({**told, "versions": versions})

    def begin(self, values: str, checkpoints: str) -> str:
        """
        Args:
            values: recipe field → value, as JSON. checkpoints: folder for them; one of this machine's own where the
                bench came by content.
        """
        assert self._bench is not None, "a worker is opened before a trial begins"
        here = Path(checkpoints) if self._own is None else self._own / "checkpoints"
        thread = threading.Thread(target=self._judge, args=(self._bench, json.loads(values), here), daemon=True)
        thread.start()
        return self._next()

    def go_on(self, further: bool) -> str:
        """Answer the last message: train further, or end the trial."""
        self._answers.put(further)
        return self._next()

    def _next(self) -> str:
        message = self._messages.get()
        if isinstance(message, BaseException):  # a mistake of the house, not of the trial: whoever asked shall see it
            raise message
        return message

    def _judge(self, bench: Bench, values: dict[str, Any], checkpoints: Path) -> None:
        began = time.monotonic()

        def tell(step: int, value: float) -> None:
            self._say(kind="step", step=step, value=value)
            if not self._answers.get():
                raise EndedError

        def ended(**fields: Any) -> None:
            self._say(seconds=time.monotonic() - began, **fields)

        try:
            value = bench.judge(values, checkpoints, tell)
        except EndedError:
            ended(kind="pruned")
        except (ConsilienceError, torch.OutOfMemoryError) as error:
            ended(kind="failed", error=str(error))
        except BaseException as error:
            self._messages.put(error)
        else:
            ended(kind="value", value=value)
        finally:
            if self._own is not None:
                shutil.rmtree(checkpoints, ignore_errors=True)

    def _say(self, **fields: Any) -> None:
        self._messages.put(json.dumps(fields))
