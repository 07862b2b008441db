"""A search judges on validation rows, keeps what is finished, tries again what was cut off, and trains the best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna", reason="consilience[search] is not installed")

from consilience import api
from consilience.core.errors import InputError
from consilience.core.recipe import read_recipe
from consilience.search.trial import Bench
from consilience.training import loop as loop_module
from consilience.training.data import Data

SETTINGS = ("train.epochs=3", "references=[]", "report.analyses=[]", "width=16", "ignore=[note,visit]")
SPACE = {
    "train.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "train.dropout": {"choices": [None, 0.2]},
    "fusion": {"choices": ["auto", "concat"]},
}


def search(table: Path, out: Path, **more: Any) -> Any:
    return api.search(table, "sick", effort=1, settings=SETTINGS, out=out, **{"space": SPACE, "trials": 3, **more})


def test_the_best_recipe_is_trained_and_trials_never_see_test_rows(
    tmp_path: Path, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles: list[tuple[str, bool, bool]] = []
    trial = False
    rows, judge = Data.rows, Bench.judge

    def watched(self: Data, plan: Any, role: str) -> Any:
        found = rows(self, plan, role)
        roles.append((role, trial, len(found[1]) > 0))
        return found

    def judged(self: Bench, *arguments: Any) -> float:
        nonlocal trial
        trial = True
        try:
            return judge(self, *arguments)
        finally:
            trial = False

    monkeypatch.setenv("CONSILIENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Data, "rows", watched)
    monkeypatch.setattr(Bench, "judge", judged)
    events: list[dict[str, Any]] = []
    found = search(table_file, tmp_path / "out", listener=events.append)
    assert ("test", False, True) in roles
    assert ("valid", True, True) in roles
    assert ("test", True, True) not in roles, "test rows are in no trial's reach"
    assert sum(e.get("name") == "prepare" and not e.get("reused") for e in events if e["event"] == "progress") == 1

    result = found.result
    first = result["trials"][0]
    assert first["values"]["train.dropout"] is None
    assert first["values"]["fusion"] == "auto"
    assert [t["state"] for t in result["trials"]] == ["finished"] * 3
    assert result["best"]["value"] == max(t["value"] for t in result["trials"])
    assert result["test"] == found.model.metrics["test"]
    best = read_recipe(tmp_path / "out" / "best.yaml")
    assert best["train"]["learning_rate"] == result["best"]["values"]["train.learning_rate"]
    assert best["train"]["epochs"] == 3
    assert best["train"]["networks"] is None
    page = (tmp_path / "out" / "search.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert "learning_rate" in page
    assert json.loads((tmp_path / "out" / "result.json").read_text())["best"]["number"] == result["best"]["number"]
    assert api.resume_search(tmp_path / "out").result["best"] == result["best"]
    with pytest.raises(InputError, match="test rows were read"):
        api.resume_search(tmp_path / "out", trials=9)
    with pytest.raises(InputError, match="--resume"):
        search(table_file, tmp_path / "out")


def test_a_search_that_is_cut_off_goes_on_with_the_same_values(
    tmp_path: Path, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "CHECKPOINT_SECONDS", 0.0)
    step = loop_module.Loop._step
    steps = 0

    def stopping(self: Any, positions: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 46:  # 12 steps an epoch, 36 a trial: in the middle of the second one
            raise KeyboardInterrupt
        return step(self, positions)

    monkeypatch.setattr(loop_module.Loop, "_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        search(table_file, tmp_path / "out")
    assert (tmp_path / "out" / "checkpoints" / "1").is_dir()
    before = steps
    found = api.resume_search(tmp_path / "out")
    numbers = [t["number"] for t in found.result["trials"]]
    assert numbers == [0, 2, 3], "the second trial was queued again as the third"
    assert not any((tmp_path / "out" / "checkpoints").iterdir())
    import optuna

    trials = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / 'out' / 'trials.db'}").trials
    assert trials[1].params == trials[2].params
    assert trials[2].user_attrs["continues"] == 1
    assert steps - before < 4 * 36, "the cut-off trial went on from its checkpoint"


def test_broken_and_poor_trials_end_and_are_told(
    tmp_path: Path, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = 0

    def judge(self: Bench, values: Any, folder: Path, tell: Any, listener: Any) -> float:
        nonlocal called
        called += 1
        if called == 2:
            raise InputError("the training loss is not finite in epoch 1")
        value = 0.9 - 0.1 * called
        for epoch in range(3):
            tell(epoch, value)
        return value

    monkeypatch.setattr(Bench, "judge", judge)
    found = search(table_file, tmp_path / "out", trials=8, space={"train.dropout": {"low": 0.0, "high": 0.5}})
    states = [t["state"] for t in found.result["trials"]]
    assert states[1] == "failed"
    assert "not finite" in found.result["trials"][1]["error"]
    assert states[-1] == "pruned"
    assert found.result["best"]["number"] == 0
    assert found.result["importances"].keys() == {"train.dropout"}


def test_nothing_that_finishes_is_an_error_and_bad_limits_are_named(
    tmp_path: Path, table_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(self: Bench, *arguments: Any) -> float:
        raise InputError("the training loss is not finite in epoch 1")

    monkeypatch.setattr(Bench, "judge", judge)
    with pytest.raises(InputError, match="not one of 2 trials finished; the first said: the training loss"):
        search(table_file, tmp_path / "out", trials=2)
    with pytest.raises(InputError, match="did you mean 'median'"):
        search(table_file, tmp_path / "other", pruner="meadian")
    with pytest.raises(InputError, match="1 is the least"):
        search(table_file, tmp_path / "other", trials=0)
    with pytest.raises(InputError, match="not a search folder"):
        api.resume_search(tmp_path / "other")


def test_folds_are_judged_out_of_fold(tmp_path: Path, table_file: Path) -> None:
    settings = (*SETTINGS, "split.folds=2", "train.epochs=2")
    told = api.search(table_file, "sick", effort=1, settings=settings, out=tmp_path / "out", space=SPACE, trials=1)
    course = told.result["trials"][0]["course"]
    assert [step for step, _ in course] == [0, 1, 2]
