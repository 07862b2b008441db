"""A student is an ordinary run, taught on training rows and compared with its teacher on the teacher's test rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import mixed_table

from consilience import api
from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError
from consilience.core.policy import Shape, resolve
from consilience.core.recipe import make_recipe, read_recipe
from consilience.data.table import read_table
from consilience.distillation.student import kept_references, make_lesson, student_recipe
from consilience.distillation.teacher import splits_of
from consilience.serving import bench as bench_module
from consilience.training.batches import Part, Taught
from consilience.training.data import prepare_data
from consilience.training.job_files import read_jobs, write_jobs
from consilience.training.loop import Job
from consilience.training.plan import Given, make_plan

QUICK = ("report.analyses=[]", "train.epochs=2")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distillation")
    mixed_table(220, seed=4, media=False).write_parquet(folder / "table.parquet")
    settings = (*QUICK, "split.folds=2", "ignore=[note]", "width=24", "references=[linear]")
    api.fit(folder / "table.parquet", "sick", effort=2, settings=settings, run=folder / "teacher")
    return folder / "teacher"


def test_the_student_is_smaller_and_compared_on_the_same_rows(
    teacher: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench_module, "SECONDS", 0.3)
    asked: list[Any] = []
    judge = Bundle.judge

    def watched(self: Bundle, features: Any, texts: Any, index: Any, hidden: Any = ()) -> Any:
        asked.append(np.asarray(index))
        return judge(self, features, texts, index, hidden)

    monkeypatch.setattr(Bundle, "judge", watched)
    done = api.distill(teacher, settings=QUICK, out=tmp_path / "student")
    source = api.load(teacher)
    table = read_table(teacher.parent / "table.parquet")
    splits = splits_of(source.bundle, {"train": table})
    assert not np.isin(asked[0], splits.test).any(), "the teacher says nothing of test rows to the student"
    assert len(asked[0]) > 100

    found = done.result
    assert found["rows"] == source.metrics["rows"]["test"] == len(splits.test)
    assert found["teacher"]["metrics"]["roc_auc"]["value"] == pytest.approx(source.metrics["test"]["roc_auc"]["value"])
    measured = done.model.evaluate(table.take(splits.test))["roc_auc"]["value"]
    assert found["student"]["metrics"]["roc_auc"]["value"] == pytest.approx(measured)
    gap = found["student"]["metrics"]["roc_auc"]["value"] - found["teacher"]["metrics"]["roc_auc"]["value"]
    assert found["difference"]["value"] == pytest.approx(gap)
    assert found["difference"]["low"] <= gap <= found["difference"]["high"]
    for figure in ("bytes", "parameters", "networks"):
        assert found["student"][figure] < found["teacher"][figure]
    assert found["student"]["latency"].keys() == {"1", "32"}
    assert found["fused_matched"] is False, "32 is not 24"
    assert json.loads((tmp_path / "student" / "distill.json").read_text())["voice"] == "stack"
    assert (tmp_path / "student" / "report.html").is_file()
    recipe = read_recipe(tmp_path / "student" / "recipe.yaml")
    assert [o["type"] for o in recipe["objectives"]] == ["supervised", "distil"]
    assert recipe["references"] == list(kept_references(source.bundle.weights, "stack"))


def test_a_student_with_other_test_rows_is_refused(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="test rows are not the teacher's"):
        api.distill(teacher, settings=(*QUICK, "seed=5"), out=tmp_path / "student")
    assert not (tmp_path / "student").exists()
    with pytest.raises(InputError, match="did you mean 'stack'"):
        api.distill(teacher, teacher="stak")
    with pytest.raises(InputError, match="a share"):
        api.distill(teacher, weight=1.5)


def test_the_students_recipe_keeps_rows_and_leaves_sizes_to_the_policy() -> None:
    given = {
        "target": "y",
        "effort": 5,
        "seed": 3,
        "width": 512,
        "ignore": ["a"],
        "split": {"group": "patient", "folds": 5},
        "train": {"epochs": 90, "networks": 3, "metric": "accuracy"},
        "encoders": {"text": {"type": "conv_text"}},
        "groups": {"g": {"columns": ["b"], "modality": "text", "encoder": {"type": "conv_text"}}},
        "report": {"language": "zh"},
    }
    recipe = student_recipe(given, make_lesson(1, "network", 3.0, 0.6), ("width=40",))
    assert (recipe.effort, recipe.seed, recipe.width, recipe.ignore) == (1, 3, 40, ("a",))
    assert (recipe.split.group, recipe.split.folds) == ("patient", 1)
    assert (recipe.train.epochs, recipe.train.networks, recipe.train.metric) == (None, 1, "accuracy")
    assert recipe.encoders == {}
    assert recipe.groups["g"].encoder is None
    assert recipe.report.language == "zh"
    assert recipe.objectives[0].options["weight"] == pytest.approx(0.4)
    assert recipe.objectives[1].options == {"weight": 0.6, "temperature": 3.0}
    assert (recipe.references, recipe.stack) == ((), False)
    with_linear = student_recipe(given, make_lesson(1, "stack", 3.0, 0.6), references=("linear",))
    assert (with_linear.references, with_linear.stack) == (("linear",), True)


def test_the_linear_reference_stays_where_it_counts() -> None:
    weights = {"network": 0.4, "linear": 0.3, "trees": 0.3}
    assert kept_references(weights, "stack") == ("linear",)
    assert kept_references(weights, "network") == ()
    assert kept_references({"network": 0.95, "linear": 0.05}, "stack") == ()


def test_a_taught_student_sees_more_epochs() -> None:
    shape = Shape(5_000, {"b": "number"}, "binary")
    taught = resolve(student_recipe({"target": "sick"}, make_lesson(2, "stack", 2.0, 0.7)), shape)
    alone = resolve(make_recipe({"target": "sick", "effort": 2}), shape)
    assert taught.train.epochs == 2 * (alone.train.epochs or 0)


def test_jobs_travel_with_what_the_teacher_says(tmp_path: Path) -> None:
    table = read_table(mixed_table(60, media=False))
    fields = student_recipe({"target": "sick"}, make_lesson(1, "stack", 2.0, 0.7))
    plan = make_plan(fields, Given(table))
    source, train = prepare_data(plan).rows(plan, "train")
    part = source.part(train)
    taught = Part(part.features, part.index, part.target, part.weight, Taught(part.target * 0.5, part.target))
    job = Job(plan.recipe, plan.facts, plan.task, taught, part, tmp_path / "checkpoints", "network", 7)
    write_jobs([job, job], tmp_path)
    first, second = read_jobs(tmp_path)
    assert (first.recipe, first.facts, first.name, first.seed) == (job.recipe, job.facts, "network", 7)
    assert first.train is second.train
    assert first.train.taught is not None
    assert np.array_equal(first.train.taught.soft, part.target * 0.5)
    assert first.valid.taught is None
    rows = np.arange(5)
    for group, arrays in part.features.gather(part.index[rows]).items():
        for name, array in first.train.features.gather(first.train.index[rows])[group].items():
            assert np.array_equal(array, arrays[name], equal_nan=True)
