"""Several targets from train to monitor: one network, a view a target, figures of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.artifacts.several import judge_views
from consilience.cli.app import app
from consilience.core.errors import InputError
from consilience.data.features import in_memory
from consilience.data.table import read_table
from consilience.deployment.export import export
from consilience.evaluation.report import report_again

FIELDS: dict[str, Any] = {
    "effort": 1,
    "references": ["linear"],
    "train": {"epochs": 8, "networks": 1, "batch_size": 32},
    "report": {"analyses": ["calibration", "coverage", "abstention"], "examples": 0, "alone": True, "abstain": 0.3},
    "split": {"test": 0.4},
}


def table(rows: int = 160) -> pl.DataFrame:
    """Both targets follow x and the kind; every fifth row misses one of them."""
    random = np.random.default_rng(5)
    x, kind = random.normal(size=rows), random.choice(["u", "v"], rows)
    z = x + np.where(kind == "u", 1.0, -1.0)
    label = [
        None if i % 5 == 0 else "yes" if v + 0.3 * e > 0 else "no"
        for i, (v, e) in enumerate(zip(z, x[::-1], strict=True))
    ]
    age = [None if i % 5 == 1 else float(50 + 10 * v) for i, v in enumerate(z)]
    return pl.DataFrame({"x": x, "kind": kind, "label": label, "age": age})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    table().write_csv(folder / "t.csv")
    cs.fit(folder / "t.csv", target=["label", "age"], run=folder / "run", recipe=FIELDS)
    return folder / "run"


@pytest.fixture(scope="module")
def bundle(run: Path) -> tuple[Path, dict[str, Any]]:
    told = export(run, run.parent / "bundle")
    return run.parent / "bundle", told


def test_one_network_holds_a_head_a_target(run: Path) -> None:
    model = cs.load(run)
    assert model.targets == ["label", "age"]
    assert len(list((run / "bundle").glob("network-*.safetensors"))) == 1
    (network,) = model.bundle.networks
    views = [model.of(target).bundle.networks[0] for target in model.targets]
    assert views[0].encoders is not views[1].encoders
    assert all(a is b for a, b in zip(views[0].encoders.values(), network.encoders.values(), strict=True))
    assert all(a is b for a, b in zip(views[0].parameters(), views[1].parameters(), strict=False) if a.ndim == 3)


def test_a_view_says_what_the_shared_network_says(run: Path) -> None:
    model = cs.load(run)
    given = read_table(table()).take(np.arange(20))
    adapted, _ = model.bundle.adapt(given)
    features = in_memory(adapted, model.bundle.facts["groups"], model.bundle.recipe.prepare)
    rows, texts = np.arange(20), model.bundle.texts(adapted)
    hidden = [frozenset[str](), frozenset({"number"})]
    for target, opinions in judge_views(model.bundle, features, texts, rows, hidden).items():
        alone = model.of(target).bundle.judge_masks(features, texts, rows, hidden)
        for one, other in zip(opinions, alone, strict=True):
            assert np.allclose(one.final, other.final, atol=1e-4)
            assert np.allclose(one.sources["network"], other.sources["network"], atol=1e-4)


def test_every_target_has_figures_of_its_own(run: Path) -> None:
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert found["task"] == "several"
    label, age = found["targets"]["label"], found["targets"]["age"]
    assert label["task"] == "binary"
    assert age["task"] == "regression"
    assert label["test"]["roc_auc"]["value"] > 0.8
    assert age["test"]["rmse"]["value"] < 10
    assert "rmse" not in label["test"]
    assert set(age["references"]) == {"linear", "majority"}
    assert label["calibration"]["log_loss"] if "log_loss" in label["calibration"] else label["calibration"]
    assert label["rows"]["test"] < found["rows"]["test"]
    for target in ("label", "age"):
        pair = found["together"][target]
        assert pair["default"]["low"] <= pair["default"]["value"] <= pair["default"]["high"]
        assert pair["network"]["metric"] == found["targets"][target]["primary"]
        place = run / found["targets"][target]["folder"]
        assert (place / "metrics.json").is_file()
        assert (place / "card.md").is_file()
    assert found["balance"] == {"method": "equal", "weights": {"label": 1.0, "age": 1.0}}


def test_the_report_has_a_table_and_a_chapter_a_target(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count('<article id="target-') == 2
    assert "Did learning them together help?" in page
    assert "learning together" in page
    places = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(places) == len(set(places))
    for link in page.split('href="#')[1:]:
        assert link.split('"')[0] in places
    report_again(run, path=run.parent / "again.html")
    assert (run.parent / "again.html").read_text(encoding="utf-8") == page
    report_again(run, "zh", run.parent / "zh.html")
    assert "共同学习" in (run.parent / "zh.html").read_text(encoding="utf-8")


def test_what_was_not_measured_is_said() -> None:
    from consilience.evaluation.several_report import together_sentences

    (sentence,) = together_sentences({"together": {}})
    assert "was not measured" in sentence.text
    assert "report.alone=true" in sentence.text


def test_columns_are_named_by_target(run: Path) -> None:
    model = cs.load(run)
    found = model.predict_table(table().drop("label", "age"), level=0.9, abstain=0.3)
    assert found.columns == [
        "label", "label:probability:no", "label:probability:yes", "label:set", "label:refer",
        "age", "age:low", "age:high",
    ]  # fmt: skip
    assert found.height == 160
    said = model.predict(table())
    assert set(said) == {"label", "age"}
    assert np.allclose(model.of("age").predict(table()), said["age"], atol=1e-3)
    with pytest.raises(InputError, match=r"of\(target\)"):
        model.predict_proba(table())
    with pytest.raises(InputError, match=r"no target 'agee'.*age"):
        model.of("agee")
    with pytest.raises(InputError, match=r"2 targets.*'label', 'age'"):
        model.of()


def test_a_table_may_lack_a_target(run: Path) -> None:
    model = cs.load(run)
    assert set(model.evaluate(table())) == {"label", "age"}
    found = model.judge(table().drop("label"))
    assert set(found) == {"age"}
    assert "network_linear" in found["age"]["comparison"]
    with pytest.raises(InputError, match="none of the model's targets"):
        model.evaluate(table().drop("label", "age"))


def test_rows_are_explained_for_one_target(run: Path) -> None:
    model = cs.load(run)
    (found,) = model.explain(table(), [3], target="age")
    assert found["note"] == ""
    with pytest.raises(InputError, match="2 targets"):
        model.explain(table(), [3])


def test_the_export_is_proved_target_by_target(bundle: tuple[Path, dict[str, Any]], run: Path) -> None:
    folder, told = bundle
    assert {case["target"] for case in told["proof"]["cases"]} == {"label", "age"}
    assert told["proof"]["largest"] <= told["proof"]["tolerance"]
    names = {case["name"] for case in told["proof"]["cases"]}
    assert {"label: batch of 1", "age: batch of 64", "age: nothing given", "label: only number"} <= names
    a, b = (cs.load(path).predict_table(table(), level=0.9) for path in (run, folder))
    assert a.columns == b.columns
    assert np.allclose(a["age"].to_numpy(), b["age"].to_numpy(), atol=1e-2)
    assert (a["label:set"] == b["label:set"]).mean() > 0.99


@pytest.mark.slow
def test_it_is_served_logged_and_monitored(bundle: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from consilience.serving.app import make_app
    from consilience.serving.settings import Settings
    from consilience.serving.start import Logging, open_house
    from consilience.watching.feedback import give_feedback
    from consilience.watching.monitor import monitor

    log_file = str(tmp_path / "log.db")
    house, log = open_house({"m": [bundle[0]]}, Settings(), Logging(log_file))
    assert log is not None
    rows = table().drop("label", "age").to_dicts()[:60]
    with TestClient(make_app(house, log.close)) as client:
        said = client.post("/v1/models/m/predict", json={"rows": rows, "level": 0.9, "explain": True}).json()
        first = said["predictions"][0]
        assert set(first["prediction"]) == {"label", "age"}
        assert set(first["probabilities"]) == {"label"}
        assert set(first["interval"]) == {"age"}
        assert set(first["shares"]["age"]) == {"category", "number"}
        assert client.get("/v1/models/m").json()["targets"]["age"]["task"] == "regression"
        assert "label, age" in client.get("/").text
        outputs = client.get("/v2/models/m").json()["outputs"]
        assert [o["name"] for o in outputs] == ["label:prediction", "label:probabilities", "age:prediction"]
        log.flush()
    labels = [
        {"id": answer["id"], "target": "label", "label": answer["prediction"]["label"]}
        for answer in said["predictions"][:40]
    ]
    more = [{**labels[0], "target": "age", "label": "50"}]
    assert give_feedback(log_file, read_table(pl.DataFrame(labels)))["filed"] == 40
    assert give_feedback(log_file, read_table(pl.DataFrame(more)))["filed"] == 1
    found = monitor(bundle[0], log_file, target="label")
    assert found["rows"] == 60
    assert found["performance"]["labelled"] == 40
    assert found["performance"]["measured"]["accuracy"]["value"] == 1
    assert monitor(bundle[0], log_file, target="age")["predictions"]["now"]["value"]
    with pytest.raises(InputError, match="2 targets"):
        monitor(bundle[0], log_file)


def test_the_command_line_takes_several(run: Path) -> None:
    runner = CliRunner()
    data = str(run.parent / "t.csv")
    done = runner.invoke(app, ["evaluate", str(run), data, "--json"])
    assert set(json.loads(done.stdout)["targets"]) == {"label", "age"}
    done = runner.invoke(app, ["design", data, "--target", "label", "--target", "age", "--json"])
    assert json.loads(done.stdout)["targets"] == {"label": "binary", "age": "regression"}
    done = runner.invoke(app, ["explain", str(run), data, "--first", "1", "--target", "label", "--json"])
    assert json.loads(done.stdout)[0]["row"] == 0


def test_an_interrupted_run_goes_on_to_the_same_model(run: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(event: Any) -> None:
        if event["event"] == "evaluation" and event["epoch"] == 2:
            raise StopError

    fields = {**FIELDS, "report": {"analyses": [], "examples": 0}, "target_weights": "learned"}
    whole = cs.fit(run.parent / "t.csv", target=["label", "age"], run=tmp_path / "whole", recipe=fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("consilience.training.loop.CHECKPOINT_SECONDS", 0.0)
        with pytest.raises(StopError):
            cs.fit(run.parent / "t.csv", target=["label", "age"], run=tmp_path / "cut", listener=stop, recipe=fields)
    again = cs.resume(tmp_path / "cut")
    for a, b in zip(whole.bundle.networks[0].parameters(), again.bundle.networks[0].parameters(), strict=True):
        assert np.array_equal(a.detach().numpy(), b.detach().numpy())
    weights = whole.metrics["balance"]["weights"] if whole.metrics else again.metrics["balance"]["weights"]
    assert sum(weights.values()) == pytest.approx(2)
    assert weights["label"] != weights["age"]
