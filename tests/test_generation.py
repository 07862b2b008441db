"""Texts from start to end: train, judge beside extracts, write, report; and what a writing model refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.cli.app import app
from consilience.core.errors import InputError
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


def test_what_makes_no_sense_is_refused(run: Path, tmp_path: Path) -> None:
    from consilience.deployment.export import export
    from consilience.serving.hosted import Hosted

    model, new = cs.load(run), table(5, 2)
    with pytest.raises(InputError, match="no fixed graph to export"):
        export(run, tmp_path / "exported")
    with pytest.raises(InputError, match="cannot be served"):
        Hosted("words", run)
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
