"""A search on several targets: one figure for all of them on validation rows, test rows read once, figures of each."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("optuna", reason="consilience[search] is not installed")

from typer.testing import CliRunner

from consilience import api
from consilience.cli.app import app
from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.core.recipe import make_recipe, read_recipe
from consilience.data.table import read_table
from consilience.search import trial as trial_module
from consilience.search.bench_files import read_bench, write_bench
from consilience.search.default_space import default_space
from consilience.search.search import Asked, _bench, _yards
from consilience.search.together import Yard, skill, skill_of
from consilience.search.trial import Bench
from consilience.training.data import Data
from consilience.training.plan import Given
from consilience.training.plan_several import make_plans
from consilience.training.variant import Memory
from consilience.training.variant_several import vary_plans

TARGETS = ["label", "age"]
SETTINGS = ("train.epochs=3", "references=[]", "report.analyses=[]", "width=16", "train.networks=1")
SPACE = {
    "train.learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
    "fusion": {"choices": ["concat", "gated"]},
}


def table(rows: int = 200) -> pl.DataFrame:
    """Both targets follow x and the kind; every fifth row misses one of them."""
    random = np.random.default_rng(5)
    x, kind = random.normal(size=rows), random.choice(["u", "v"], rows)
    z = x + np.where(kind == "u", 1.0, -1.0)
    label = [None if i % 5 == 0 else "yes" if v > 0 else "no" for i, v in enumerate(z)]
    age = [None if i % 5 == 1 else float(50 + 10 * v) for i, v in enumerate(z)]
    return pl.DataFrame({"x": x, "kind": kind, "label": label, "age": age})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("several") / "t.csv"
    table().write_csv(path)
    return path


def search(given: Any, out: Path, **more: Any) -> Any:
    options = {"space": SPACE, "trials": 3, "effort": 1, "settings": SETTINGS, **more}
    return api.search(given, TARGETS, out=out, **options)


def bench_of(given: Any, *settings: str) -> Bench:
    recipe = make_recipe({"target": TARGETS, "effort": 1}, (*SETTINGS, *settings))
    return _bench(Asked(recipe, None, {"train": read_table(given)}, {}), lambda event: None)


def quiet(step: int, value: float) -> None:
    """Lets a trial go on."""


@pytest.mark.slow
def test_a_search_that_is_cut_off_goes_on_and_tells_each_target_of_its_test_rows(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles: list[tuple[str, bool, int]] = []
    trial = False
    rows, judge = Data.rows, Bench.judge
    judged = 0

    def watched(self: Data, plan: Any, role: str) -> Any:
        found = rows(self, plan, role)
        roles.append((role, trial, len(found[1])))
        return found

    def stopping(self: Bench, *arguments: Any) -> float:
        nonlocal trial, judged
        judged += 1
        if judged == 2:
            raise KeyboardInterrupt
        trial = True
        try:
            return judge(self, *arguments)
        finally:
            trial = False

    monkeypatch.setattr(Data, "rows", watched)
    monkeypatch.setattr(Bench, "judge", stopping)
    with pytest.raises(KeyboardInterrupt):
        search(file, tmp_path / "out")
    found = api.resume_search(tmp_path / "out")
    result = found.result
    assert not any(count for role, inside, count in roles if role == "test" and inside)
    assert any(count for role, inside, count in roles if role == "test" and not inside)

    assert [t["state"] for t in result["trials"]] == ["finished"] * 3
    assert len({t["value"] for t in result["trials"]}) == 3
    assert result["metric"] == "skill"
    assert result["best"]["value"] == max(t["value"] for t in result["trials"])
    assert 0.2 < result["best"]["value"] <= 1
    assert [len(t["course"]) for t in result["trials"]] == [3, 3, 3]
    assert result["target"] == TARGETS
    for target, primary in (("label", "roc_auc"), ("age", "rmse")):
        part = result["targets"][target]
        assert part["primary"] == primary == part["judged"]["metric"]
        assert part["test"] == found.model.metrics["targets"][target]["test"]
        assert part["test"][primary]["low"] <= part["test"][primary]["value"] <= part["test"][primary]["high"]
    assert result["targets"]["label"]["judged"]["naive"] == 0.5

    best = read_recipe(tmp_path / "out" / "best.yaml")
    assert best["target"] == TARGETS
    assert best["train"]["learning_rate"] == result["best"]["values"]["train.learning_rate"]
    page = (tmp_path / "out" / "search.html").read_text(encoding="utf-8")
    assert "label, the best recipe on" in page
    assert "age, the best recipe on" in page
    assert api.resume_search(tmp_path / "out").result == json.loads(json.dumps(result))


@pytest.mark.slow
def test_the_command_takes_several_targets_and_prints_each(tmp_path: Path, file: Path) -> None:
    (tmp_path / "space.yaml").write_text("train.dropout: {choices: [0.0, 0.1]}\n", encoding="utf-8")
    command = ["search", str(file), "--target", "label", "--target", "age", "--space", str(tmp_path / "space.yaml")]
    command += ["--trials", "1", "--effort", "1", "-q", "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(app, [*command, *(word for s in SETTINGS for word in ("--set", s))])
    assert told.exit_code == 0, told.output
    assert "skill" in told.output
    assert "label, the best recipe on" in told.output
    assert "age, the best recipe on" in told.output


def test_skill_is_the_share_of_the_way_from_the_usual_value_to_a_perfect_one() -> None:
    yards = {"label": Yard("accuracy", 0.6, 1.0, 1.0), "age": Yard("rmse", 10.0, 0.0, 3.0)}
    assert skill(yards, {"label:accuracy": 0.8, "age:rmse": 2.0}) == pytest.approx((0.5 + 3 * 0.8) / 4)
    assert skill(yards, {"label:accuracy": 0.6, "age:rmse": 10.0}) == pytest.approx(0)
    assert skill(yards, {"label:accuracy": 1.0, "age:rmse": 0.0}) == pytest.approx(1)
    assert skill(yards, {"label:accuracy": 0.6, "age:rmse": 20.0}) < 0
    assert skill(yards, {"label:accuracy": math.nan, "age:rmse": 5.0}) == pytest.approx(0.5)
    assert math.isnan(skill(yards, {}))


def test_a_target_that_the_validation_rows_cannot_tell_is_named(tmp_path: Path) -> None:
    given = table()
    role = ["test" if i % 4 == 0 else "valid" if i % 4 == 1 else "train" for i in range(200)]
    label = pl.when(pl.Series(role) == "valid").then(pl.lit("yes")).otherwise(pl.col("label"))
    given.with_columns(label.alias("label"), pl.Series("role", role)).write_csv(tmp_path / "t.csv")
    events: list[dict[str, Any]] = []
    yards = _yards(bench_of(tmp_path / "t.csv", "split.column=role"), events.append)
    assert [e["message"].split(":")[0] for e in events if e["event"] == "warning"] == [
        "trials are not judged by target 'label'"
    ]
    assert list(yards) == ["age"]
    with pytest.raises(InputError, match="tell no target"):
        _yards(bench_of(tmp_path / "t.csv", "split.column=role", "target_weights={age: 0}"), events.append)


def test_what_a_space_varies_reaches_every_target(file: Path) -> None:
    recipe = make_recipe({"target": TARGETS, "effort": 4}, ("train.epochs=3", "ignore=[]"))
    plans = make_plans(recipe, Given(read_table(file)))
    space = default_space(recipe, plans.joint)
    assert {"train.label_smoothing", "encoders.number", "fusion.type"} <= set(space)
    other = make_recipe(
        {"target": TARGETS, "effort": 4}, ("train.label_smoothing=0.1", "width=32", "fusion.type=concat")
    )
    varied = vary_plans(plans, other, Memory())
    assert varied.views["label"].recipe.task == Choice(
        **{**plans.views["label"].recipe.task.model_dump(), "label_smoothing": 0.1}
    )
    assert varied.joint.recipe.width == varied.views["age"].recipe.width == 32
    same = vary_plans(plans, recipe, Memory())
    assert same.joint.recipe == plans.joint.recipe
    assert same.joint.facts == plans.joint.facts
    for target, view in plans.views.items():
        assert same.views[target].recipe == view.recipe
        assert same.views[target].facts == view.facts
        assert same.views[target].schema == view.schema


def test_a_worker_reads_the_bench_and_finds_the_same_figure(tmp_path: Path, file: Path) -> None:
    bench = bench_of(file)
    write_bench(bench, tmp_path / "bench")
    other = read_bench(tmp_path / "bench")
    assert list(other.views) == TARGETS
    assert other.metric == "skill"
    values = {"train.learning_rate": 0.01}
    assert bench.judge(values, tmp_path / "a", quiet) == other.judge(values, tmp_path / "b", quiet)


def test_folds_are_judged_out_of_fold(tmp_path: Path, file: Path) -> None:
    told: list[tuple[int, float]] = []
    bench = bench_of(file, "split.folds=2")
    value = bench.judge({}, tmp_path / "a", lambda step, found: told.append((step, found)))
    assert [step for step, _ in told] == [0, 1, 2, 3]
    assert 0 < value <= 1


@pytest.mark.parametrize("weights", ["learned", {"age": 0.0}])
def test_weights_that_a_trial_trains_with_do_not_change_how_it_is_judged(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, weights: Any
) -> None:
    bench = bench_of(file)
    judged: list[dict[str, Yard]] = []

    def watched(yards: dict[str, Yard], trained: Any) -> float:
        judged.append(yards)
        return skill_of(yards, trained)

    monkeypatch.setattr(trial_module, "skill_of", watched)
    assert math.isfinite(bench.judge({"target_weights": weights}, tmp_path / "a", quiet))
    assert judged == [bench.yards()]
    assert [yard.weight for yard in judged[0].values()] == [1.0, 1.0]
