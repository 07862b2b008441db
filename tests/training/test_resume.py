"""A run that is killed and resumed ends with the same bits as one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from consilience import api
from consilience.core.errors import InputError
from consilience.core.files import read_json
from consilience.training import loop as loop_module

SETTINGS = (
    "train.epochs=4",
    "train.batch_size=16",
    "split.folds=1",
    "references=[]",
    "width=16",
    "report.analyses=[]",
)


def weights(run: Path) -> bytes:
    return (run / "bundle" / "network-0.safetensors").read_bytes()


def test_stopped_between_any_two_steps_resumes_to_the_bit(
    tmp_path: Path, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "CHECKPOINT_SECONDS", 0.0)
    api.fit(table_file, "sick", settings=SETTINGS, run=tmp_path / "whole", effort=1)

    class StopError(Exception):
        pass

    original = loop_module.Loop._step
    seen = 0

    def stopping(self: loop_module.Loop, positions: object) -> object:
        nonlocal seen
        seen += 1
        if seen == 17:  # in the middle of an epoch
            raise StopError
        return original(self, positions)  # type: ignore[arg-type]

    monkeypatch.setattr(loop_module.Loop, "_step", stopping)
    with pytest.raises(StopError):
        api.fit(table_file, "sick", settings=SETTINGS, run=tmp_path / "cut", effort=1)
    assert not (tmp_path / "cut" / "metrics.json").exists()
    api.resume(tmp_path / "cut")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    a, b = read_json(tmp_path / "cut" / "metrics.json"), read_json(tmp_path / "whole" / "metrics.json")
    assert a["test"] == b["test"]


def test_a_resumed_run_refuses_another_table(tmp_path: Path, table_file: Path) -> None:
    api.fit(table_file, "sick", settings=SETTINGS, run=tmp_path / "run", effort=1)
    other = tmp_path / "other.csv"
    other.write_bytes(table_file.read_bytes() + b"50,0.1,rome,2024-01-01,well rested,no\n")
    with pytest.raises(InputError, match="is not the train table"):
        api.resume(tmp_path / "run", other)
    with pytest.raises(InputError, match="not a run folder"):
        api.resume(tmp_path)


@pytest.mark.slow
def test_kill_minus_nine_resumes_to_the_bit(tmp_path: Path, table_file: Path) -> None:
    command = [sys.executable, "-m", "consilience", "train", str(table_file), "--target", "sick", "--effort", "1"]
    command += ["--no-stack"]
    for setting in (*SETTINGS, "train.epochs=60"):
        command += ["--set", setting]
    environment = {**os.environ, "CONSILIENCE_CHECKPOINT_SECONDS": "0.2"}
    subprocess.run([*command, "--run", str(tmp_path / "whole"), "-q"], check=True, env=environment)
    killed = subprocess.Popen([*command, "--run", str(tmp_path / "cut"), "-q"], env=environment)
    checkpoint = tmp_path / "cut" / "checkpoints" / "network.safetensors"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    resumed = [sys.executable, "-m", "consilience", "train", "--resume", str(tmp_path / "cut"), "-q"]
    subprocess.run(resumed, check=True, env=environment)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
