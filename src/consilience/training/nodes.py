"""One command on several machines, as `torchrun` starts it: the first process leads, the others train along.

Only the leader reads tables, prepares, judges, writes and tells events. It names the files of each network to train
(`training.job_files`) in a folder that every machine has; the others read them, and what is exchanged beside gradients
is text. Gradients travel over gloo on processors, NCCL on GPUs (Li et al. 2020, VLDB 13).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consilience.core.errors import ConsilienceError, InputError

if TYPE_CHECKING:
    from consilience.training.loop import Job

VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What `torchrun` tells each process."""
PATIENCE = timedelta(days=7)
"""The others wait while the leader prepares, fits references and evaluates."""
FOLDER = "team"


def launched() -> int:
    """How many processes `torchrun` started for this command; 1 where it did not."""
    return int(os.environ["WORLD_SIZE"]) if all(os.environ.get(name) for name in VARIABLES) else 1


def follows() -> bool:
    """True in every process but the first."""
    return launched() > 1 and int(os.environ["RANK"]) > 0


def refuse_launched(verb: str, fix: str) -> None:
    """
    Raises:
        InputError: where `torchrun` started several processes for a command that only one may run.
    """
    if launched() > 1:
        raise InputError(f"{verb} runs in one process, torchrun started {launched()}", fix=fix)


@contextmanager
def leading() -> Iterator[Callable[[Path], None]]:
    """For the leader's whole command: the others follow while the block runs. Calling what it yields names the run that
    was left, which the others then read."""
    left: list[Path] = []
    if launched() == 1:
        yield left.append
        return
    _connect()
    try:
        yield left.append
        _say({"end": str(left[0].resolve())})
    finally:
        _disconnect()  # where the leader failed, that is what the others notice


def follow() -> Path:
    """Train along until the leader is done → the run folder that it left.

    Raises:
        InputError: when the leader's files are not found on this machine. ConsilienceError: when the leader failed.
    """
    from consilience.training.worker import train_along

    _connect()
    try:
        while "end" not in (said := _hear()):
            train_along(_reached(Path(said["jobs"])))
    except RuntimeError as error:
        if not _is_gone(error):
            raise
        raise ConsilienceError("the first process ended early: its output says why") from error
    finally:
        _disconnect()
    return _reached(Path(said["end"]))


@contextmanager
def along(jobs: list[Job]) -> Iterator[None]:
    """The others train these jobs, in this order, while the block runs.

    Raises:
        ConsilienceError: when one of them ends early.
    """
    import shutil

    from consilience.training.job_files import write_jobs

    folder = jobs[0].folder.resolve() / FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(parents=True)
    write_jobs(jobs, folder)
    _say({"jobs": str(folder)})
    try:
        yield
    except RuntimeError as error:
        if not _is_gone(error):
            raise
        raise ConsilienceError(f"a process that trains along ended early ({str(error).splitlines()[0]})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fabric_options() -> dict[str, Any]:
    """Options of a Fabric in a process that `torchrun` started."""
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy

    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    strategy, environment = DDPStrategy(timeout=PATIENCE), TorchElasticEnvironment()
    return {"devices": local, "num_nodes": launched() // local, "strategy": strategy, "plugins": [environment]}


def _is_gone(error: RuntimeError) -> bool:
    """True where gloo or NCCL says that another process is gone."""
    return any(word in str(error) for word in ("gloo", "Connection", "NCCL"))


def _reached(path: Path) -> Path:
    """
    Raises:
        InputError: where this machine does not have the leader's folder.
    """
    import socket

    if path.is_dir():
        return path
    fix = "Give --run and CONSILIENCE_CACHE folders that every machine has under the same path"
    raise InputError(f"not found on {socket.gethostname()}", where=str(path), fix=fix)


def _connect() -> None:
    import torch

    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend, timeout=PATIENCE)


def _disconnect() -> None:
    import torch

    torch.distributed.destroy_process_group()


def _say(content: dict[str, Any]) -> None:
    """Text from the leader to all: its length, then its bytes."""
    import torch

    data = torch.frombuffer(bytearray(json.dumps(content).encode()), dtype=torch.uint8)
    torch.distributed.broadcast(torch.tensor([len(data)]), 0)
    torch.distributed.broadcast(data, 0)


def _hear() -> dict[str, Any]:
    import torch

    length = torch.zeros(1, dtype=torch.int64)
    torch.distributed.broadcast(length, 0)
    data = torch.zeros(int(length), dtype=torch.uint8)
    torch.distributed.broadcast(data, 0)
    return dict(json.loads(data.numpy().tobytes()))
