"""From a mixed table to predictions through the public calls: what a user relies on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.core.files import read_json

WHOLE = ("train.epochs=3", "train.batch_size=32", "split.folds=1")
QUICK = (*WHOLE, "report.analyses=[calibration]")
Make = Callable[..., pl.DataFrame]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[cs.Model, pl.DataFrame, Path]:
    from .conftest import mixed_table

    folder = tmp_path_factory.mktemp("pipeline")
    table = mixed_table(260)
    model = cs.fit(table, "sick", effort=1, settings=WHOLE, run=folder / "run")
    return model, mixed_table(80, seed=1), folder / "run"


def quiet(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cs.DataWarning)
        return call(*args, **options)


def test_the_run_folder_holds_the_promised_result(trained: tuple[cs.Model, pl.DataFrame, Path]) -> None:
    model, _, run = trained
    result = read_json(run / "metrics.json")
    assert result["task"] == "binary"
    assert result["primary"] == "roc_auc"
    assert set(result["rows"]) == {"train", "valid", "test", "unlabelled"}
    for name in ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "pr_auc", "log_loss", "brier"):
        found = result["test"][name]
        assert found["low"] <= found["value"] <= found["high"]
    assert set(result["references"]) >= {"linear", "trees"}
    assert set(result["alone"]) == set(model.groups) == {"audio", "category", "date", "image", "number", "text"}
    assert set(result["seconds"]) == {"prepare", "train", "evaluate", "total"}
    assert sum(result["stack"]["weights"].values()) == pytest.approx(1)
    assert result["test"]["roc_auc"]["value"] > 0.9
    for name in ("recipe.yaml", "events.jsonl", "report.html", "run.json", "bundle", "tensorboard", "checkpoints"):
        assert (run / name).exists(), name


def test_loading_gives_the_same_predictions(trained: tuple[cs.Model, pl.DataFrame, Path]) -> None:
    model, new, run = trained
    a, b = quiet(model.predict_proba, new), quiet(cs.load(run).predict_proba, new)
    assert np.array_equal(a, b)


def test_every_subset_of_sources_predicts(trained: tuple[cs.Model, pl.DataFrame, Path]) -> None:
    model, new, _ = trained
    whole = quiet(model.evaluate, new)["roc_auc"]["value"]
    assert whole > 0.9
    for group in model.groups:
        hidden = quiet(model.predict_proba, new, hidden=[g for g in model.groups if g != group])
        assert np.isfinite(hidden).all()
    nothing = quiet(model.predict_proba, new, hidden=model.groups)
    assert np.allclose(nothing, nothing[0], atol=1e-6), "without any source every row gets the same answer"
    with pytest.raises(cs.InputError, match="no group 'audi'"):
        quiet(model.predict, new, hidden=["audi"])


def test_absent_columns_unseen_values_and_broken_cells_are_counted(
    trained: tuple[cs.Model, pl.DataFrame, Path],
) -> None:
    model, new, _ = trained
    broken = new.drop("sick", "voice").with_columns(
        pl.lit("atlantis").alias("city"),
        pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(b"no image")).otherwise("scan").alias("scan"),
        pl.lit("not a number").alias("dose"),
    )
    with pytest.warns(cs.DataWarning):
        predictions = model.predict(broken)
    assert len(predictions) == 80
    assert set(predictions) <= {"yes", "no"}
    counts = {(p.column, p.code): p.count for p in model.problems}
    assert counts[("voice", "absent_column")] == 80
    assert counts[("scan", "unreadable_media")] == 3
    assert counts[("city", "unseen_category")] == 80
    assert counts[("dose", "not_a_number")] == 80


@pytest.mark.slow
def test_same_seed_same_metrics_and_the_cache_is_used_again(make_table: Make, tmp_path: Path) -> None:
    table = make_table(160)
    events: list[dict[str, Any]] = []
    first = cs.fit(table, "sick", effort=1, settings=QUICK, run=tmp_path / "a")
    second = cs.fit(table, "sick", effort=1, settings=QUICK, run=tmp_path / "b", listener=events.append)
    assert first.metrics["test"] == second.metrics["test"]
    assert first.metrics["stack"] == second.metrics["stack"]
    other = cs.fit(table, "sick", effort=1, settings=QUICK, run=tmp_path / "c", seed=5)
    assert other.metrics["network"] != first.metrics["network"]


def test_unlabelled_rows_are_reported_not_fatal(make_table: Make, tmp_path: Path) -> None:
    table = make_table(200, media=False).with_columns(
        pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("sick").alias("sick")
    )
    model = cs.fit(table, "sick", effort=1, settings=QUICK, run=tmp_path / "run")
    rows = model.metrics["rows"]
    assert rows["unlabelled"] == 40
    assert rows["train"] + rows["valid"] + rows["test"] == 160
    assert any(f["code"] == "missing_target" for f in model.metrics["findings"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "kind", "metric"),
    [("grade", "multiclass", "accuracy"), ("weight", "regression", "r2"), ("tags", "multilabel", "f1_macro")],
)
def test_other_tasks(make_table: Make, tmp_path: Path, target: str, kind: str, metric: str) -> None:
    table = make_table(240, media=False)
    random = np.random.default_rng(0)
    grade = random.integers(0, 3, 240)
    columns = {
        "grade": [("low", "middle", "high")[g] for g in grade],
        "weight": (grade * 10 + random.normal(0, 1, 240)).round(3),
        "tags": [("a", "a|b", "b|c")[g] for g in grade],
    }
    table = table.drop("sick").with_columns(pl.Series("signal", grade + random.normal(0, 0.1, 240)))
    table = table.with_columns(pl.Series(target, columns[target]))
    model = cs.fit(table, target, effort=1, settings=("train.epochs=12", *WHOLE[1:]), run=tmp_path / "run")
    assert model.metrics["task"] == kind
    assert model.metrics["test"][metric]["value"] > 0.8
    predicted = quiet(model.predict_table, table.drop(target))
    assert predicted.height == 240
    assert (model.metrics["confusion"] is None) == (kind in ("regression", "multilabel"))


def test_folds_and_group_splits(make_table: Make, tmp_path: Path) -> None:
    table = make_table(200, media=False).with_columns((pl.int_range(pl.len()) // 4).alias("patient"))
    settings = ("train.epochs=2", "split.folds=3", "split.group=patient", "report.analyses=[]")
    model = cs.fit(table, "sick", effort=1, settings=settings, run=tmp_path / "run")
    assert len(model.bundle.networks) == 3
    assert model.metrics["split"]["folds"] == 3
    assert "patient" not in model.bundle.columns
    assert "group" in model.metrics["split"]["method"]


def test_no_stack_predicts_with_the_network_alone(make_table: Make, tmp_path: Path) -> None:
    table = make_table(160, media=False)
    model = cs.fit(table, "sick", effort=1, settings=QUICK, run=tmp_path / "run", stack=False)
    assert model.metrics["predictor"] == "network"
    assert model.metrics["test"] == model.metrics["network"]
    assert "linear" in model.metrics["references"]


def test_a_written_recipe_given_back_gives_the_same_network(make_table: Make, tmp_path: Path) -> None:
    table = make_table(160, media=False)
    design = cs.design(table, "sick", effort=1)
    again = cs.design(table, recipe=design["recipe"])
    assert again["parameters"] == design["parameters"]
    assert again["recipe"] == design["recipe"]
    for group in design["groups"].values():
        assert group["tokens"] > 0
        assert group["parameters"] > 0
    assert design["flops"] > 0


def test_a_changed_bundle_is_refused(trained: tuple[cs.Model, pl.DataFrame, Path], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(trained[2] / "bundle", tmp_path / "bundle")
    file = tmp_path / "bundle" / "network-0.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(cs.InputError, match=r"network-0\.safetensors.*changed"):
        cs.load(tmp_path / "bundle")


def test_sets_hold_the_truth_about_as_often_as_they_promise(
    trained: tuple[cs.Model, pl.DataFrame, Path], make_table: Make
) -> None:
    model, _, _ = trained
    new = make_table(300, seed=77)
    found = quiet(model.predict_table, new.drop("sick"), level=0.9)
    held = [actual in said.split(" | ") for actual, said in zip(new["sick"], found["set"], strict=True)]
    assert np.mean(held) > 0.8
    with pytest.raises(cs.InputError, match="between 0 and 1"):
        model.predict_table(new, level=90)


def test_hidden_sources_follow_a_rule_of_their_own(
    trained: tuple[cs.Model, pl.DataFrame, Path], make_table: Make
) -> None:
    model, _, run = trained
    rules = model.bundle.rules
    assert frozenset(model.groups) in rules.rules
    assert len(rules.rules) > 1
    new = make_table(40, seed=5)
    shown = quiet(model.predict_proba, new, hidden=("image", "audio", "text"))
    assert np.array_equal(shown, quiet(cs.load(run).predict_proba, new, hidden=("image", "audio", "text")))


def test_many_masks_at_once_say_what_each_says_alone(
    trained: tuple[cs.Model, pl.DataFrame, Path], make_table: Make
) -> None:
    from consilience.data.features import in_memory
    from consilience.data.table import read_table

    bundle = trained[0].bundle
    table, _ = bundle.adapt(read_table(make_table(50, seed=9).drop("sick")))
    features, texts = in_memory(table, bundle.facts["groups"]), bundle.texts(table)
    index = np.arange(50)
    masks = [frozenset(), frozenset({"text"}), frozenset({"image", "number"}), frozenset({"text", "audio"})]
    together = bundle.judge_masks(features, texts, index, masks)
    for hidden, opinion in zip(masks, together, strict=True):
        alone = bundle.judge(features, texts, index, hidden)
        assert np.allclose(opinion.final, alone.final, atol=1e-6)
        for name, said in alone.sources.items():
            assert np.allclose(opinion.sources[name], said, atol=1e-6), name


def test_rows_to_refer_are_those_that_the_run_was_least_sure_of(
    trained: tuple[cs.Model, pl.DataFrame, Path], make_table: Make
) -> None:
    model = trained[0]
    promises = {p["wanted"]: p["threshold"] for p in model.metrics["abstention"]["promises"]}
    with pytest.raises(cs.InputError, match=r"did not look for an error rate of 0\.33"):
        quiet(model.predict_table, make_table(10), abstain=0.33)
    for wanted, threshold in promises.items():
        if threshold is not None:
            found = quiet(model.predict_table, make_table(60, seed=3), abstain=wanted)
            sure = found.select(pl.max_horizontal("probability:no", "probability:yes")).to_series()
            assert found["refer"].to_list() == (sure < threshold).to_list()
