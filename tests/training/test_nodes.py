"""Two processes that `torchrun` might have started on two machines leave the run of one process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import mixed_table

from consilience import api
from consilience.core.errors import InputError
from consilience.training import nodes

SETTINGS = ("train.epochs=2", "train.batch_size=16", "train.device=cpu", "train.networks=1", "width=16")
SETTINGS += ("references=[]", "report.analyses=[]")
OPTIONS = [
    "--effort",
    "1",
    *(part for s in (*SETTINGS, "references=[]", "report.analyses=[]") for part in ("--set", s)),
]


def start(rank: int, port: int, arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    """A process as `torchrun --nnodes 2` starts it: on a machine of its own as far as it knows."""
    told = {"RANK": rank, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1, "WORLD_SIZE": 2, "MASTER_PORT": port}
    variables = {**os.environ, "MASTER_ADDR": "127.0.0.1", **{name: str(value) for name, value in told.items()}}
    variables["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-m", "consilience", "train", *arguments]
    place = folder / f"machine{rank}"
    place.mkdir()
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=place, env=variables, stdout=pipe, stderr=pipe, text=True)


def both(arguments: list[str], folder: Path) -> list[tuple[int, str, str]]:
    """(exit code, output, errors) of leader and follower."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    started = [start(rank, port, arguments, folder) for rank in (0, 1)]
    said = [process.communicate(timeout=300) for process in started]
    return [(process.returncode, *words) for process, words in zip(started, said, strict=True)]


@pytest.mark.slow
def test_two_machines_leave_the_run_of_one(tmp_path: Path) -> None:
    mixed_table(240, seed=5, media=False).drop("note", "visit").write_parquet(tmp_path / "table.parquet")
    options: Any = {"settings": SETTINGS, "effort": 1}
    alone = api.fit(tmp_path / "table.parquet", "sick", run=tmp_path / "alone", **options)
    arguments = [str(tmp_path / "table.parquet"), "--target", "sick", "--run", str(tmp_path / "both"), *OPTIONS]
    leader, follower = both(arguments, tmp_path)
    assert leader[0] == 0, leader[2]
    assert follower == (0, "", follower[2])
    found = api.load(tmp_path / "both")
    for metric in ("roc_auc", "log_loss"):
        assert found.metrics["test"][metric]["value"] == pytest.approx(alone.metrics["test"][metric]["value"], abs=0.02)
    assert not (tmp_path / "both" / "checkpoints" / "team").exists()


@pytest.mark.slow
def test_both_end_where_the_leader_finds_an_error(tmp_path: Path) -> None:
    mixed_table(40, media=False).write_parquet(tmp_path / "table.parquet")
    leader, follower = both([str(tmp_path / "table.parquet"), "--target", "sik", *OPTIONS], tmp_path)
    assert (leader[0], follower[0]) == (2, 2)
    assert "did you mean 'sick'" in leader[2]
    assert "the first process ended early" in follower[2]


def test_what_only_one_process_may_do_is_refused_under_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nodes.launched() == 1
    for name in nodes.VARIABLES:
        monkeypatch.setenv(name, "2")
    assert nodes.launched() == 2
    assert nodes.follows()
    with pytest.raises(InputError, match="a search runs in one process, torchrun started 2"):
        api.search("table.csv", "y")
    with pytest.raises(InputError, match="without torchrun"):
        api.distill("run")
