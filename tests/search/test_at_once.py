"""Trials at once: the same values and figures as one by one, pruned, tried again, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("optuna", reason="consilience[search] is not installed")

import optuna
from tests.conftest import mixed_table

from consilience import api
from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe
from consilience.data.table import read_table
from consilience.search import at_once as at_once_module
from consilience.search.bench_files import bench_content, keep_content, read_bench, without_test, write_bench
from consilience.search.trial import Bench
from consilience.search.worker import TrialWorker
from consilience.training.plan import Given, make_plan

SETTINGS = ("train.epochs=3", "train.threads=1", "references=[]", "report.analyses=[]", "width=16", "train.device=cpu")
SPACE = {"train.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}, "train.dropout": {"choices": [None, 0.2]}}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("at_once") / "table.parquet"
    mixed_table(160, seed=3, media=False).drop("note", "visit").write_parquet(path)
    return path


def search(table: Path, out: Path, **more: Any) -> Any:
    options = {"space": SPACE, "trials": 3, "pruner": "none", **more}
    return api.search(table, "sick", effort=1, settings=SETTINGS, out=out, **options)


@pytest.fixture(scope="module")
def alone(table: Path) -> Any:
    """The same search with one trial at a time."""
    return search(table, table.parent / "alone")


def make_bench(table: Any) -> Bench:
    recipe = make_recipe({"target": "sick", "effort": 1}, SETTINGS)
    return Bench(recipe, without_test(make_plan(recipe, Given(read_table(table)))))


def tried(found: Any) -> list[tuple[dict[str, Any], float | None]]:
    return [(trial["values"], trial["value"]) for trial in found.result["trials"]]


class ThreadCrew:
    """Workers in this process; `killed`: numbers of trials whose worker dies at their first word, each once."""

    def __init__(self, folder: Path, digest: str, killed: list[int]) -> None:
        self.place, self.killed = (str(folder), digest), killed
        self.workers: dict[int, TrialWorker] = {}
        self.words: list[tuple[int, str]] = []
        self.most = 0

    def begin(self, work: Any) -> None:
        self.workers[work.number] = worker = TrialWorker(1)
        assert json.loads(worker.open(*self.place))["error"] is None
        self.most = max(self.most, len(self.workers))
        self.words.append((work.number, worker.begin(json.dumps(work.values), str(work.checkpoints))))

    def go_on(self, number: int, further: bool) -> None:
        self.words.append((number, self.workers[number].go_on(further)))

    def wait(self) -> tuple[int, dict[str, Any]]:
        number, word = self.words.pop(0)
        if number in self.killed:
            self.killed.remove(number)
            del self.workers[number]
            return number, {"kind": "lost", "error": "killed"}
        message = json.loads(word)
        if message["kind"] != "step":
            del self.workers[number]
        return number, message


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Workers in threads in Ray's place; `killed` may be filled, `crews` are those that were made."""
    found = SimpleNamespace(killed=[], crews=[])

    @contextmanager
    def crew(sitting: Any) -> Iterator[ThreadCrew]:
        folder = sitting.folder.path.resolve() / "bench"
        found.crews.append(ThreadCrew(folder, write_bench(sitting.bench, folder), found.killed))
        yield found.crews[-1]

    monkeypatch.setattr(at_once_module, "ray_crew", crew)
    return found


def test_a_bench_travels_as_plain_files(table: Path, tmp_path: Path) -> None:
    bench = make_bench(table)
    digest = write_bench(bench, tmp_path / "here")
    (tmp_path / "there").mkdir()
    keep_content(bench_content(tmp_path / "here"), tmp_path / "there")
    found = read_bench(tmp_path / "there")
    assert (found.given, found.plan.recipe, found.plan.schema) == (bench.given, bench.plan.recipe, bench.plan.schema)
    assert found.plan.facts == bench.plan.facts
    assert found.plan.tables["train"].frame.equals(bench.plan.tables["train"].frame)
    assert np.array_equal(found.plan.splits.valid, bench.plan.splits.valid)
    assert not len(found.plan.splits.test)
    values = {"train.learning_rate": 0.01}
    figures = [b.judge(values, tmp_path / str(i), lambda *_: None) for i, b in enumerate((bench, found))]
    assert figures[0] == figures[1]
    assert write_bench(bench, tmp_path / "here") == digest
    (tmp_path / "there" / "train.arrow").write_bytes(b"other")
    with pytest.raises(InputError, match=r"train\.arrow has changed"):
        read_bench(tmp_path / "there")
    with pytest.raises(InputError, match="no name of a bench's file"):
        keep_content({"../x": np.zeros(1, np.uint8)}, tmp_path / "there")


def test_a_worker_without_the_media_says_so(tmp_path: Path) -> None:
    frame = mixed_table(80, seed=1).select("age", "scan", "sick")
    for number, cell in enumerate(frame["scan"]):
        if cell is not None:
            (tmp_path / f"{number}.png").write_bytes(cell)
    paths = [f"{number}.png" if cell is not None else None for number, cell in enumerate(frame["scan"])]
    frame.with_columns(pl.Series("scan", paths)).write_csv(tmp_path / "table.csv")
    digest = write_bench(make_bench(tmp_path / "table.csv"), tmp_path / "bench")
    for file in tmp_path.glob("*.png"):
        file.unlink()
    told = json.loads(TrialWorker(1).open(str(tmp_path / "bench"), digest))
    assert "a media file of the table is not found on this machine" in told["error"]
    assert json.loads(TrialWorker(1).open(str(tmp_path / "nowhere"), digest))["reached"] is False


def test_trials_at_once_are_those_of_one_by_one_and_a_lost_one_is_tried_again(
    table: Path, alone: Any, tmp_path: Path, threads: SimpleNamespace
) -> None:
    threads.killed = [1]
    warnings: list[str] = []
    found = search(
        table,
        tmp_path / "out",
        at_once=2,
        listener=lambda e: warnings.append(e["message"]) if e["event"] == "warning" else None,
    )
    assert threads.crews[0].most == 2
    assert tried(found) == tried(alone)
    assert found.result["best"]["values"] == alone.result["best"]["values"]
    assert any("trial 1 died (killed): the trial is tried once more" in words for words in warnings)


def test_poor_trials_are_pruned_and_broken_or_twice_lost_ones_have_failed(
    table: Path, tmp_path: Path, threads: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(self: Bench, values: Any, folder: Path, tell: Any, *more: Any) -> float:
        number = int(folder.name)
        if number == 1:
            raise InputError("the training loss is not finite in epoch 1")
        for epoch in range(3):
            tell(epoch, 0.9 - 0.1 * number)
        return 0.9 - 0.1 * number

    monkeypatch.setattr(Bench, "judge", judge)
    found = search(
        table,
        tmp_path / "out",
        trials=8,
        at_once=2,
        pruner="median",
        space={"train.dropout": {"low": 0.0, "high": 0.5}},
    )
    states = [t["state"] for t in found.result["trials"]]
    assert states[1] == "failed"
    assert states[-1] == "pruned"
    assert [step for step, _ in found.result["trials"][-1]["course"]] == [0, 1]


def test_what_is_interrupted_goes_on(table: Path, tmp_path: Path, threads: SimpleNamespace) -> None:
    seen = 0

    def stopping(event: dict[str, Any]) -> None:
        nonlocal seen
        seen += event["event"] == "progress" and str(event["name"]).startswith("trial")
        if seen == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(table, tmp_path / "out", at_once=2, listener=stopping)
    found = api.resume_search(tmp_path / "out", at_once=2)
    assert [t["state"] for t in found.result["trials"]] == ["finished"] * 3
    trials = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / 'out' / 'trials.db'}").trials
    assert [t.user_attrs.get("continues") for t in trials] == [None, None, 0, 1, None]
    assert trials[2].params == trials[0].params
    with pytest.raises(InputError, match="0 trials at once"):
        search(table, tmp_path / "other", at_once=0)


@pytest.mark.slow
def test_ray_trains_two_at_once_and_survives_a_killed_worker(
    table: Path, alone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="consilience[distributed] is not installed")
    from consilience.search.crew import RayCrew

    opened, killed = RayCrew._opened, []

    def noting(self: RayCrew, reference: Any, told: dict[str, Any]) -> None:
        opened(self, reference, told)
        if not killed:
            killed.append(told["pid"])
            os.kill(told["pid"], signal.SIGKILL)

    monkeypatch.setattr(RayCrew, "_opened", noting)
    found = search(table, tmp_path / "out", at_once=2)
    assert len(killed) == 1
    assert tried(found) == tried(alone)
    assert not ray.is_initialized()
    assert not any((tmp_path / "out" / "checkpoints").iterdir())


def test_a_cluster_that_does_not_answer_is_named(table: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="consilience[distributed] is not installed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"127.0.0.1:{found.getsockname()[1]}"
        with pytest.raises(InputError, match=f"--cluster {address}: no Ray cluster answers"):
            search(table, tmp_path / "out", cluster=address)
