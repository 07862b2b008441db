"""Several processes that train each network together: distributed data parallel (Li et al. 2020, VLDB 13) by Fabric.

This process is the first of them; the others are plain child processes (`training.worker`) that read their jobs from
files: a script without an `if __name__ == "__main__"` guard works, nothing is inherited and nothing is pickled. Only
the first process writes, judges and tells events. Gradients are averaged over gloo on processors, NCCL on GPUs.

BatchNorm takes its statistics from each process's part of the batch; the running ones of the first process are kept.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import torch

from consilience.core.errors import ConsilienceError, InputError
from consilience.core.recipe import Recipe
from consilience.training.device import make_fabric
from consilience.training.job_files import write_jobs
from consilience.training.loop import Job
from consilience.training.nodes import along, launched

PATIENCE = 30.0
"""Seconds that a process may take to end once its work is done, or to be seen dead."""


@contextmanager
def gathered(recipe: Recipe, jobs: Sequence[Job]) -> Iterator[Any]:
    """A Fabric for the jobs, which must be trained in this order; with `train.devices` > 1 the other processes train
    along while the block runs.

    Raises:
        InputError: when a batch is too small to be divided, or there are fewer GPUs.
        ConsilienceError: when one of the processes ends early.
    """
    size, started = recipe.train.devices, launched()
    if started > 1:
        if size not in (1, started):
            what = f"torchrun started {started} processes and {size} were asked for"
            raise InputError(what, where="train.devices", fix="Leave --workers out")
        _check(recipe, jobs, started)
        with along(list(jobs)):
            yield make_fabric(recipe)
        return
    if size == 1:
        yield make_fabric(recipe)
        return
    _check(recipe, jobs, size)
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory(prefix="consilience-team-") as name:
        write_jobs(jobs, Path(name))
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "NODE_RANK": "0"}
        shared["OMP_NUM_THREADS"] = str(max(1, threads // size))
        members = [_Member(Path(name), {**shared, "LOCAL_RANK": str(rank)}) for rank in range(1, size)]
        try:
            with _environment({**shared, "LOCAL_RANK": "0"}), warnings.catch_warnings():
                # a gradient with an axis of length 1 has strides of its own: no one can act on that
                warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
                torch.set_num_threads(recipe.train.threads or max(1, threads // size))
                yield make_fabric(recipe)
        except RuntimeError as error:  # what gloo and NCCL raise when another process is gone
            lost = _lost(members)
            if lost is None:
                raise
            raise lost from error
        else:
            for member in members:
                member.finish()
        finally:
            for member in members:
                member.stop()
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
            torch.set_num_threads(threads)


def _check(recipe: Recipe, jobs: Sequence[Job], size: int) -> None:
    batch = int(recipe.train.batch_size or 1)
    rows = min(len(job.train) for job in jobs)
    if min(batch, rows) < 2 * size:
        what = f"{size} processes need batches of {2 * size} rows at least, batch_size is {batch} and rows are {rows}"
        raise InputError(what, where="train.devices", fix="Train with fewer processes or larger batches")
    on_gpu = recipe.train.device in ("auto", "cuda", "gpu") and torch.cuda.is_available()
    if on_gpu and launched() == 1 and torch.cuda.device_count() < size:
        what = f"{size} processes were asked for, there are {torch.cuda.device_count()} GPUs"
        raise InputError(what, where="train.devices", fix="Ask for fewer, or give --set train.device=cpu")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the block: Fabric reads there which process this is."""
    before = {name: os.environ.get(name) for name in (*values, "WORLD_SIZE")}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _lost(members: Sequence[_Member]) -> ConsilienceError | None:
    """What ended one of the processes early; None where all are well."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for member in members:
            if member.failed():
                return member.died()
        time.sleep(0.05)
    return None


class _Member:
    """One of the other processes."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._rank = environment["LOCAL_RANK"]
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `stop`)
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consilience.training.worker", str(folder)],
            stdin=subprocess.PIPE,  # closed when this process ends, however it ends: the other one ends then too
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **environment, "PYTHONPATH": paths},
        )

    def failed(self) -> bool:
        return self._process.poll() not in (None, 0)

    def finish(self) -> None:
        """Wait for the process, which has nothing left to do.

        Raises:
            ConsilienceError: when it ended badly.
        """
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return  # `stop` ends it: every network is trained
        if self.failed():
            raise self.died()

    def died(self) -> ConsilienceError:
        code = self._process.wait()
        self._log.seek(0)
        last = self._log.read().decode(errors="replace").strip().splitlines()[-1:]
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        said = "; ".join([how, *last])
        return ConsilienceError(
            f"process {self._rank} of those that train together ended early ({said}). "
            "Fewer processes need less memory: --workers 1"
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._log):
            if stream is not None:
                stream.close()
