"""Workers of a search on this machine or a cluster, through Ray (Moritz et al. 2018, OSDI): the one file that uses it.

The study stays in this process. What goes to a worker and comes back is JSON text and NumPy arrays; Ray itself moves
them, and the worker's class, with pickle: a cluster is a set of machines that trust each other.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, final

import torch

from consilience.core.errors import ConsilienceError, InputError, MissingExtraError
from consilience.core.events import Listener
from consilience.search.bench_files import bench_content, write_bench
from consilience.search.study import Sitting
from consilience.search.worker import TrialWorker

SILENCE = 60.0
"""Seconds without a word after which it is said that workers wait for a free place."""


KNOCK = 10.0
"""Seconds that the head of a cluster may take to be reached."""


class Work(NamedTuple):
    """A trial to train: its number, recipe field → value, and the folder of its checkpoints."""

    number: int
    values: dict[str, Any]
    checkpoints: Path


class Place(NamedTuple):
    """What each worker may take: processors (and torch's threads), GPUs or parts of one."""

    threads: int
    gpus: float


@contextmanager
def ray_crew(sitting: Sitting) -> Iterator[RayCrew]:
    """The workers of a sitting; a local Ray is started where no cluster is named, and stopped with the block.

    Raises:
        MissingExtraError: when Ray is not installed. InputError: when no cluster answers.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingExtraError("ray", "distributed", "searching with several trials at once") from None
    limits, train = sitting.limits, sitting.bench.given.train
    threads = train.threads or (1 if limits.cluster else max(1, torch.get_num_threads() // limits.at_once))
    started = not ray.is_initialized()
    if started:
        _start(ray, limits.cluster, limits.at_once * threads * train.devices)
    folder = sitting.folder.path.resolve() / "bench"
    module: Any = ray
    resources: dict[str, float] = module.cluster_resources()
    found = float(resources.get("GPU", 0)) if train.device in ("auto", "cuda", "gpu") else 0.0
    gpus = min(float(train.devices), found / limits.at_once)
    place = Place(threads * train.devices, gpus if gpus < 1 else float(int(gpus)))
    crew = RayCrew(ray, (folder, write_bench(sitting.bench, folder)), place, threads, sitting.listener)
    try:
        yield crew
    finally:
        crew.stop()
        if started:
            ray.shutdown()


def _start(ray: Any, cluster: str | None, processors: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody unless the user wants it
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": "consilience"}
    if cluster is None:
        ray.init(address="local", num_cpus=processors, include_dashboard=False, **options)
        return
    try:
        _knock(cluster)
        ray.init(address=cluster, **options)
    except (OSError, ValueError, RuntimeError) as error:
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        fix = "Start one with `ray start --head`, or leave --cluster out"
        raise InputError(f"no Ray cluster answers ({said})", where=f"--cluster {cluster}", fix=fix) from None


def _knock(cluster: str) -> None:
    """Ray itself tries for minutes where nobody listens at HOST:PORT.

    Raises:
        OSError: when nobody does.
    """
    host, _, port = cluster.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), KNOCK).close()


@final
class RayCrew:
    """Workers that are begun when a trial needs one and kept for the next trial: what they prepared is used again."""

    def __init__(self, ray: Any, bench: tuple[Path, str], place: Place, threads: int, listener: Listener) -> None:
        self._ray, self._bench, self._listener, self._threads = ray, bench, listener, threads
        options = {"num_cpus": place.threads, "num_gpus": place.gpus, "max_restarts": 0, "max_concurrency": 1}
        self._class = ray.remote(**options)(TrialWorker)
        self._free: list[Any] = []
        self._busy: dict[int, Any] = {}
        self._said: dict[Any, int] = {}
        self._opening: dict[Any, Work] = {}
        self._content: Any = None
        self._told = False

    def begin(self, work: Work) -> None:
        """Start a trial in a free worker, or in a new one."""
        if self._free:
            self._busy[work.number] = self._free.pop()
            self._train(work)
            return
        self._busy[work.number] = worker = self._class.remote(self._threads)
        self._opening[worker.open.remote(str(self._bench[0]), self._bench[1])] = work

    def go_on(self, number: int, further: bool) -> None:
        """Answer the "step" of a trial."""
        self._said[self._busy[number].go_on.remote(further)] = number

    def wait(self) -> tuple[int, dict[str, Any]]:
        """The next word of any trial under way: (its number, message of `TrialWorker`); "lost" with an error where its
        worker died.

        Raises:
            InputError: when a worker cannot read what the search needs, or runs another version.
        """
        since = time.monotonic()
        while True:
            pending = [*self._said, *self._opening]
            ready, _ = self._ray.wait(pending, num_returns=1, timeout=SILENCE)
            if not ready:
                self._patient(since)
                continue
            number = self._opening[ready[0]].number if ready[0] in self._opening else self._said[ready[0]]
            try:
                message = json.loads(self._ray.get(ready[0]))
            except self._ray.exceptions.RayActorError as error:
                return number, self._lost(number, ready[0], error)
            if ready[0] in self._opening:
                self._opened(ready[0], message)
                continue
            del self._said[ready[0]]
            if message["kind"] != "step":
                self._free.append(self._busy.pop(number))
            return number, message

    def stop(self) -> None:
        """End every worker."""
        for worker in (*self._free, *self._busy.values()):
            self._ray.kill(worker)
        self._free, self._busy, self._said, self._opening = [], {}, {}, {}

    def _train(self, work: Work) -> None:
        reference = self._busy[work.number].begin.remote(json.dumps(work.values), str(work.checkpoints.resolve()))
        self._said[reference] = work.number

    def _opened(self, reference: Any, told: dict[str, Any]) -> None:
        work = self._opening.pop(reference)
        if told["error"]:
            raise InputError(str(told["error"]))
        _check_versions(told)
        if told["reached"]:
            self._train(work)
            return
        if self._content is None:
            self._content = self._ray.put(bench_content(self._bench[0]))
        self._opening[self._busy[work.number].receive.remote(self._content)] = work

    def _lost(self, number: int, reference: Any, error: Exception) -> dict[str, Any]:
        self._said.pop(reference, None)
        self._opening.pop(reference, None)
        del self._busy[number]
        said = next((line.strip() for line in str(error).splitlines() if "dead" in line or "died" in line), str(error))
        return {"kind": "lost", "error": said}

    def _patient(self, since: float) -> None:
        if self._opening and not self._told:
            self._told = True
            words = f"{len(self._opening)} workers have not begun after {time.monotonic() - since:.0f} s"
            fix = "They start slowly or wait for a free place: fewer at once need fewer processors (--at-once)"
            self._listener({"event": "warning", "code": "crew", "message": f"{words}. {fix}"})


def _check_versions(told: dict[str, Any]) -> None:
    """
    Raises:
        ConsilienceError: when the worker's libraries are not those of this process.
    """
    from importlib.metadata import version

    for name, theirs in told["versions"].items():
        if theirs != version(name):
            raise ConsilienceError(
                f"{told['host']} has {name} {theirs} and this process {version(name)}: their trials could not be "
                "compared. Install the same versions on every machine"
            )
