"""Texts from start to end: train, judge beside extracts, write, report; and what a writing model refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from typer.testing import CliRunner

import consilience as cs
from consilience.cli.app import app
from consilience.core.errors import InputError
from consilience.data.table import read_table
from consilience.tasks.metrics import METRICS

from .tasks.writing.tiny import KINDS, save

TASK = {"type": "generation", "width": 32, "depth": 1, "decoding": {"beams": 2}}
TRAIN = {"epochs": 14, "learning_rate": 5e-3, "batch_size": 8}
OPTIONS: dict[str, Any] = {"effort": 1, "recipe": {"task": TASK, "train": TRAIN}}


def table(rows: int, seed: int, gaps: bool = False) -> pl.DataFrame:
    """The summary needs the note (which animal) and the number (how many)."""
    random = np.random.default_rng(seed)
    found = []
    for i in range(rows):
        animal, count = str(random.choice(["cat", "dog", "bird"])), int(random.integers(1, 9))
        note = f"Day {i}. It rained. A {animal} came to the old house."
        said = f"{'Many' if count > 4 else 'Few'} visits by the {animal}."
        found.append((note, float(count), None if gaps and i % 10 == 0 else said))
    return pl.DataFrame(found, schema=["note", "count", "summary"], orient="row")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generation") / "run"
    cs.fit(table(200, 0, gaps=True), "summary", test=table(60, 1), run=folder, **OPTIONS)
    return folder


@pytest.fixture(scope="module")
def metrics(run: Path) -> Any:
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_beats_the_beginning_of_the_text_and_says_so(run: Path, metrics: Any) -> None:
    assert metrics["task"] == "text"
    assert list(metrics["test"]) == list(METRICS["text"])
    assert metrics["test"]["rouge_l"]["value"] > 0.9
    assert metrics["test"]["exact_match"]["value"] > 0.7
    assert set(metrics["references"]) == {"lead", "textrank", "majority"}
    assert metrics["rows"]["unlabelled"] == 20
    assert metrics["comparison"]["network_lead"]["verdict"] == "better"
    page = (run / "report.html").read_text(encoding="utf-8")
    for words in ("beats the beginning of the text", "TextRank", "ROUGE-L", "commonest training text"):
        assert words in page


def test_both_disciplines_contribute_and_the_rest_says_why_not(metrics: Any) -> None:
    found = metrics["contribution"]
    assert found["metric"] == "rouge_l"
    assert all(found["unique"][name]["low"] > 0 for name in found["disciplines"])
    for name in ("calibration", "coverage", "abstention", "decisions", "errors", "explanation", "slices", "robustness"):
        assert "the target is a text" in metrics[name]["not_applicable"]
    codes = {finding["code"] for finding in metrics["findings"]}
    assert not codes & {"rare_class", "imbalance", "worse_than_linear", "label_noise", "target_leak"}


def test_every_epoch_tells_loss_and_overlap(run: Path) -> None:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    valid = [event["valid"] for event in events if event["event"] == "evaluation"]
    assert {"log_loss", "rouge_l", "chrf"} <= set(valid[0])
    assert valid[-1]["log_loss"] < valid[0]["log_loss"]
    assert next(event for event in events if event["event"] == "start")["metric"] == "log_loss"


def test_loaded_again_it_writes_the_same_and_takes_settings(run: Path) -> None:
    model, new = cs.load(run), table(30, 2)
    said = model.predict(new)
    assert np.mean(said == new["summary"].to_numpy()) > 0.6
    assert (cs.load(run).predict(new) == said).all()
    drawn = model.predict_table(new, settings=("method=sample", "temperature=5", "top_p=1"))["prediction"].to_list()
    again = model.predict_table(new, settings=["method=sample", "temperature=5", "top_p=1"])["prediction"].to_list()
    assert drawn == again
    assert drawn != said.tolist()
    assert (model.predict(new) == said).all()
    blind = model.predict(new, hidden=["text"])
    assert np.mean(blind == new["summary"].to_numpy()) < 0.6
    assert model.evaluate(new)["rouge_l"]["value"] > 0.8


def test_command_line_writes_the_texts(run: Path, tmp_path: Path) -> None:
    table(20, 3).drop("summary").write_csv(tmp_path / "new.csv")
    out = tmp_path / "out.csv"
    runner = CliRunner()
    done = runner.invoke(
        app, ["predict", str(run), str(tmp_path / "new.csv"), "--out", str(out), "-q", "--set", "beams=1"]
    )
    assert done.exit_code == 0, done.output
    assert pl.read_csv(out).columns == ["prediction"]
    assert pl.read_csv(out).height == 20


@pytest.fixture(scope="module")
def bundle(run: Path) -> tuple[Path, Any]:
    """The exported model and what the export told."""
    from consilience.deployment.export import export

    folder = run.parent / "bundle"
    return folder, export(run, folder, rows=table(60, 1))


@pytest.mark.slow
def test_the_exported_model_writes_the_same_without_pytorch(run: Path, bundle: tuple[Path, Any]) -> None:
    folder, told = bundle
    proof = told["proof"]
    assert 0 < proof["largest"] <= proof["tolerance"] == 1e-4
    assert {"complete", "only text", "batch of 1", "long texts", "nothing given"} <= {c["name"] for c in proof["cases"]}
    assert all(case["same_texts"] + case["ties"] == case["rows"] for case in proof["cases"])
    assert (folder / "decoder.onnx").is_file()
    live, served, new = cs.load(run), cs.load(folder), table(30, 2)
    for settings in ((), ("method=greedy",), ("beams=3", "length_penalty=0", "no_repeat=0"), ("max_length=3",)):
        wanted = live.predict_table(new, settings=settings)["prediction"].to_list()
        assert served.predict_table(new, settings=settings)["prediction"].to_list() == wanted
    assert (served.predict(new, hidden=["text"]) == live.predict(new, hidden=["text"])).all()
    drawn = served.predict_table(new, settings=("method=sample", "temperature=3"))["prediction"].to_list()
    few = served.predict_table(new[10:13], settings=("method=sample", "temperature=3"))["prediction"].to_list()
    assert drawn[10:13] == few != served.predict(new)[10:13].tolist()
    new.drop("summary").write_csv(folder.parent / "new.csv")
    code = (
        f"import sys, consilience as cs\nsaid = cs.load({str(folder)!r}).predict({str(folder.parent / 'new.csv')!r})\n"
        "print('torch' in sys.modules, said[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"False {live.predict(new)[0]}"


def test_another_decoder_is_not_taken_for_the_trained_one(run: Path, bundle: tuple[Path, Any]) -> None:
    from consilience.artifacts.store import load_bundle
    from consilience.deployment.export import Options, export
    from consilience.deployment.proof import NotEqualError, prove

    live, exported = load_bundle(run / "bundle"), load_bundle(bundle[0])
    with torch.no_grad():
        head: Any = next(iter(live.networks[0].heads.values()))
        head.bias[5] += 1
    with pytest.raises(NotEqualError, match=r"differs from the trained one by 1 |writes another text"):
        prove(live, exported, read_table(table(8, 1)))
    with pytest.raises(InputError, match="exported as trained"):
        export(run, bundle[0].parent / "small", options=Options("int8"))


@pytest.mark.slow
def test_it_is_served_logged_and_watched(bundle: tuple[Path, Any], tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from consilience.serving.app import make_app
    from consilience.serving.settings import Settings
    from consilience.serving.start import Logging, open_house
    from consilience.watching.monitor import monitor
    from consilience.watching.page import monitor_page

    folder, log_file = bundle[0], f"sqlite:///{tmp_path / 'log.db'}"
    house, log = open_house({"words": [folder]}, Settings(log_sync=True), Logging(log_file))
    assert log is not None
    rows = [{"note": "A cat.", "count": 1.0}] * 40
    with TestClient(make_app(house, log.close)) as client:
        answers = client.post("/v1/models/words/predict", json={"rows": rows}).json()["predictions"]
        assert [a["prediction"] for a in answers] == cs.load(folder).predict(pl.DataFrame(rows)).tolist()
        gone = client.post("/v1/models/words/predict", json={"rows": [{"count": None, "note": None}]}).json()
        assert isinstance(gone["predictions"][0]["prediction"], str)
        assert not any(gone["predictions"][0]["given"].values())
        form = client.post("/v1/models/words/predict/form", data={"note": "A dog came.", "count": "7"}).json()
        assert "dog" in form["predictions"][0]["prediction"]
        for field in ({"explain": True}, {"level": 0.9}):
            refused = client.post("/v1/models/words/predict", json={"rows": rows[:1], **field})
            assert refused.status_code == 422
            assert "text" in refused.json()["error"]
        page = client.get("/").text
        assert "explains = false" in page
        assert 'data-column="note"' in page
    found = monitor(folder, log=log_file)
    assert "prediction" in {look["column"] for look in found["alarms"]}
    assert {"characters", "words"} <= set(found["predictions"]["now"]["figures"])
    assert "distribution of" in monitor_page(found)
    calm = monitor(folder, table=read_table(table(60, 9)))
    assert "prediction" not in {look["column"] for look in calm["alarms"]}


def test_what_makes_no_sense_is_refused(run: Path) -> None:
    model, new = cs.load(run), table(5, 2)
    with pytest.raises(InputError, match="has no probabilities"):
        model.predict_proba(new)
    with pytest.raises(InputError, match="no set or interval"):
        model.predict_table(new, level=0.9)
    with pytest.raises(InputError, match="no class or value"):
        model.explain(new)
    with pytest.raises(InputError, match=r"'decoding\.beam'.*did you mean 'beams'"):
        model.predict_table(new, settings=("beam=2",))


def test_asked_for_by_name_only(tmp_path: Path) -> None:
    free = pl.DataFrame(
        {"note": [f"word{i} and more" for i in range(60)], "y": [f"text {i} of its own" for i in range(60)]}
    )
    with pytest.raises(InputError, match="identifier or free text"):
        cs.fit(free, "y", run=tmp_path / "run")
    command = ["train", "nowhere.csv", "--target", "y", "--task", "genration"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code != 0
    found = cs.design(table(60, 0), "summary", settings=("task.type=generation", "effort=1"))
    assert found["task"] == "text"


def test_a_prefix_decoder_writes_too(tmp_path: Path) -> None:
    recipe = {
        "task": {**TASK, "decoder": "prefix"},
        "train": {**TRAIN, "metric": "rouge_l"},
        "report": {"analyses": []},
    }
    model = cs.fit(table(160, 0), "summary", test=table(40, 1), effort=1, recipe=recipe, run=tmp_path / "run")
    assert model.metrics["test"]["rouge_l"]["value"] > 0.8


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_a_pretrained_decoder_is_trained_saved_and_loaded(kind: str, tmp_path: Path) -> None:
    source = save(kind, tmp_path / kind)
    task = {"type": "generation", "decoder": KINDS[kind], "pretrained": str(source), "decoding": {"beams": 2}}
    recipe = {"task": task, "train": {"epochs": 1, "batch_size": 32}, "report": {"analyses": []}, "references": []}
    model = cs.fit(table(80, 0), "summary", test=table(20, 1), effort=1, recipe=recipe, run=tmp_path / "run")
    shutil.rmtree(source)
    said = model.predict(table(10, 2))
    assert (cs.load(tmp_path / "run").predict(table(10, 2)) == said).all()
