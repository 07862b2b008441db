"""What forecasts rest on: the past step and column that matter are found, and the report and command say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.cli.app import app
from consilience.core.errors import InputError


def steps(count: int = 400) -> pl.DataFrame:
    """x follows itself slowly; z is noise that nothing depends on."""
    random = np.random.default_rng(0)
    x = np.cumsum(random.normal(0, 1, count))
    return pl.DataFrame({"t": range(count), "x": x, "z": random.normal(0, 1, count)})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("reasons")
    series = {"time": "t", "values": ["x", "z"], "past": 12, "horizon": 2}
    recipe = {"series": series, "report": {"examples": 1, "analyses": ["forecast_reasons", "robustness"]}}
    settings = ("train.epochs=3", "train.networks=1", "fusion.type=concat")
    return cs.fit(steps(), "x", recipe=recipe, settings=settings, run=folder / "run", effort=1)


def test_the_column_and_the_steps_that_matter_are_found(model: Any) -> None:
    found = model.explain(steps())
    assert len(found) == 1  # a table of steps has one forecast: after its last step
    parts = {(part["kind"], part["name"]): part for part in found[0]["parts"]}
    assert parts["past column", "x"]["share"] > 0.9
    newest = parts["past steps", "0 to 0"]["effect"]
    assert newest == max(part["effect"] for (kind, _), part in parts.items() if kind == "past steps")


def test_the_report_says_it_and_wears_the_past(model: Any) -> None:
    found = model.metrics["forecast_reasons"]
    assert found["parts"][0]["name"] == "x"
    assert found["faithfulness"]["verdict"] in ("better", "no difference", "worse")
    assert sum(p["share"] for p in found["parts"] if p["kind"] == "past steps") == pytest.approx(1)
    worn = model.metrics["robustness"]
    assert {curve["kind"] for curve in worn["curves"]} >= {"series_noise", "steps"}
    noise = next(c for c in worn["curves"] if c["kind"] == "series_noise" and c["group"] == "past")
    assert noise["points"][-1]["value"] > worn["clean"]["value"]
    page = model.report.read_text(encoding="utf-8")
    assert "What forecasts rest on" in page


def test_the_command(model: Any, tmp_path: Path) -> None:
    steps().write_csv(tmp_path / "steps.csv")
    typed = ["explain", str(model.run), str(tmp_path / "steps.csv")]
    said = CliRunner().invoke(app, typed)
    assert said.exit_code == 0, said.output
    assert "past steps" in said.stdout
    found = json.loads(CliRunner().invoke(app, [*typed, "--json"]).stdout)
    assert found[0]["parts"]
    with pytest.raises(InputError, match="no classes"):
        model.explain(steps(), class_name="up")
