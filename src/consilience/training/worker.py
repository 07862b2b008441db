"""A process that trains along: `python -m consilience.training.worker FOLDER`, started by `training.team`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import torch

from consilience.training.device import make_fabric
from consilience.training.fixed_features import fix
from consilience.training.job_files import read_jobs
from consilience.training.loop import Loop


def main(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    train_along(folder)
    torch.distributed.destroy_process_group()


def train_along(folder: Path) -> None:
    """Train the networks of `training.job_files` in `folder`, together with the process that wrote them."""
    jobs = read_jobs(folder)
    fabric = make_fabric(jobs[0].recipe)
    for job in jobs:
        loop = Loop(job, fabric)
        fabric.barrier()  # the first process has computed what never changes
        fix(loop.network, [job.train.features])
        for _ in loop.run():
            continue  # the first process tells the same events


def _end_with_parent() -> None:
    while os.read(0, 1):  # nothing is ever sent: it returns when the first process is gone
        continue
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
