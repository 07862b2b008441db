"""Several processes train one network: the same figures as one process, one writer, and resumed to the bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import mixed_table

from consilience.core.errors import ConsilienceError, InputError
from consilience.core.recipe import make_recipe
from consilience.data.table import Table, read_table
from consilience.tasks.metrics import scores
from consilience.training import loop as loop_module
from consilience.training import team as team_module
from consilience.training.batches import share_of, shuffled
from consilience.training.data import prepare_data
from consilience.training.plan import Given, make_plan
from consilience.training.run import Trained, train_model

FIELDS = {"target": "sick", "effort": 1, "width": 16, "references": [], "ignore": ["note", "visit", "voice"]}


@pytest.fixture(scope="module")
def table() -> Table:
    return read_table(mixed_table(300, seed=5))


def train(table: Table, folder: Path, devices: int, **more: Any) -> Trained:
    settings = {"epochs": 2, "batch_size": 16, "devices": devices, "device": "cpu", **more}
    plan = make_plan(make_recipe({**FIELDS, "train": settings}), Given(table))
    return train_model(plan, prepare_data(plan), folder)


def weights(trained: Trained) -> dict[str, Any]:
    return {name: value.numpy() for name, value in trained.bundle.networks[0].state_dict().items()}


def test_the_parts_of_a_batch_are_the_batch() -> None:
    positions = np.arange(7)
    parts = [share_of(positions, rank, 3) for rank in range(3)]
    assert [len(part) for part in parts] == [3, 2, 2]
    assert sorted(np.concatenate(parts)) == list(range(7))
    assert [len(batch) for batch in shuffled(19, 8, 0, 0, least=4)] == [8, 8], (
        "three rows are too few for two processes"
    )
    assert [len(batch) for batch in shuffled(20, 8, 0, 0, least=4)] == [8, 8, 4]


def test_a_batch_too_small_to_be_divided_is_refused(table: Table, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="4 processes need batches of 8 rows at least"):
        train(table, tmp_path, 4, batch_size=6)


@pytest.mark.slow
def test_two_processes_agree_with_one_and_resume_to_the_bit(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = train(table, tmp_path / "one", 1)
    monkeypatch.setattr(loop_module, "CHECKPOINT_SECONDS", 0.0)
    double = train(table, tmp_path / "two", 2)
    figures = [
        scores("binary", t.heard.target, t.heard.weight, t.heard.sources["network"])["roc_auc"]
        for t in (single, double)
    ]
    assert figures[0] > 0.9
    assert abs(figures[0] - figures[1]) <= 0.005
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == ["network.safetensors"]
    assert "LOCAL_RANK" not in os.environ

    class StopError(Exception):
        pass

    original, seen = loop_module.Loop._step, 0

    def stopping(self: loop_module.Loop, positions: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == 14:  # in the middle of an epoch
            raise StopError
        return original(self, positions)

    monkeypatch.setattr(loop_module.Loop, "_step", stopping)
    with pytest.raises(StopError):
        train(table, tmp_path / "cut", 2)
    resumed = weights(train(table, tmp_path / "cut", 2))
    for name, value in weights(double).items():
        assert np.array_equal(value, resumed[name]), name


@pytest.mark.slow
def test_a_process_that_is_killed_is_named(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = []
    start = team_module._Member.__init__

    def noted(self: Any, *arguments: Any) -> None:
        start(self, *arguments)
        members.append(self)

    monkeypatch.setattr(team_module._Member, "__init__", noted)
    original = loop_module.Loop._step

    def killing(self: loop_module.Loop, positions: Any) -> Any:
        if self.progress.step == 3:
            os.kill(members[0]._process.pid, signal.SIGKILL)
        return original(self, positions)

    monkeypatch.setattr(loop_module.Loop, "_step", killing)
    with pytest.raises(ConsilienceError, match=r"process 1 .* ended early \(signal 9"):
        train(table, tmp_path, 2)
