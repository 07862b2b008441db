"""From a table of steps to a report and forecasts: what a user does, on a small table of several shops."""

from __future__ import annotations

import json
import math
import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.cli.app import app
from consilience.core.errors import InputError
from consilience.deployment.export import export

SERIES = {"time": "day", "id": "shop", "values": ["sold"], "past": 10, "horizon": 3, "known": ["price"]}


def shops(days: int = 90) -> pl.DataFrame:
    random = np.random.default_rng(0)
    rows = []
    for number in range(2):
        level = 10.0 * (number + 1)
        for day in range(days):
            price = float((day // 7) % 2)
            sold = level + 3 * math.sin(day * 2 * math.pi / 7) - 2 * price + random.normal(0, 0.2)
            moment = datetime(2024, 1, 1) + timedelta(days=day)
            rows.append((f"shop{number}", moment, sold, price, "sale today" if price else "usual day again"))
    return pl.DataFrame(rows, schema=["shop", "day", "sold", "price", "news"], orient="row")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("forecast")
    shops().write_csv(folder / "shops.csv")
    recipe = {"series": SERIES, "ignore": ["news"], "report": {"examples": 2}}
    settings = ("train.epochs=2", "train.networks=1", "fusion.type=concat")
    return cs.fit(folder / "shops.csv", "sold", recipe=recipe, settings=settings, run=folder / "run", effort=1)


def test_the_result_compares_with_the_best_baseline(model: Any) -> None:
    result = model.metrics
    assert result["task"] == "forecast"
    assert set(result["references"]) == {"naive", "seasonal_naive", "past_linear", "theta", "majority"}
    pair = result["comparison"]["network_baseline"]
    assert pair["baseline"] in result["references"]
    assert pair["low"] <= pair["value"] <= pair["high"]
    assert len(result["forecasting"]["steps"]) == 3
    assert abs(sum(result["stack"]["weights"].values()) - 1) < 1e-9
    assert result["test"]["mase"]["value"] < result["references"]["naive"]["mase"]["value"]


def test_the_report_draws_windows_and_shares(model: Any) -> None:
    page = model.report.read_text(encoding="utf-8")
    assert "Forecasts, step by step" in page
    assert "forecast of sold after" in page
    assert set(model.metrics["contribution"]["shares"]) == {"past", "future"}


def test_forecasts_follow_the_last_step_of_each_shop(model: Any) -> None:
    found = model.predict_table(shops())
    assert found.columns == ["shop", "time", "step", "prediction", "quantile:0.1", "quantile:0.5", "quantile:0.9"]
    assert found.height == 6
    assert found["time"][0] == datetime(2024, 1, 1) + timedelta(days=90)
    assert (found["quantile:0.1"] <= found["quantile:0.9"]).all()
    level = found.group_by("shop", maintain_order=True).agg(pl.col("prediction").mean())["prediction"]
    assert level[1] - level[0] == pytest.approx(10, abs=3)


def test_a_loaded_model_says_the_same(model: Any) -> None:
    again = cs.load(model.run)
    assert again.predict_table(shops()).equals(model.predict_table(shops()))


def test_broken_and_missing_cells_are_reported(model: Any) -> None:
    broken = shops().with_columns(
        pl.when(pl.col("day") == datetime(2024, 3, 20)).then(pl.lit("much")).otherwise(pl.col("sold").cast(pl.String))
        .alias("sold")
    )  # fmt: skip
    with pytest.warns(cs.DataWarning) as said:
        found = model.predict_table(broken.drop("price"))
    assert found["prediction"].is_finite().all()
    texts = " ".join(str(one.message) for one in said)
    assert "not_a_number" in texts
    assert "absent_column" in texts


def test_windows_of_another_table_are_judged(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.evaluate(shops())
    assert found["mase"]["low"] <= found["mase"]["value"] <= found["mase"]["high"]


def test_there_is_no_level_to_choose(model: Any) -> None:
    with pytest.raises(InputError, match="quantiles"):
        model.predict_table(shops(), level=0.9)
    with pytest.raises(InputError, match="no probabilities"):
        model.predict_proba(shops())


def test_the_command_writes_a_long_table(model: Any, tmp_path: Path) -> None:
    shops().write_csv(tmp_path / "more.csv")
    out = tmp_path / "ahead.csv"
    done = CliRunner().invoke(app, ["predict", str(model.run), str(tmp_path / "more.csv"), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"] == 6
    assert pl.read_csv(out)["step"].to_list() == [1, 2, 3, 1, 2, 3]


@pytest.mark.slow
def test_quantiles_are_moved_on_validation_windows_and_export_says_the_same(model: Any, tmp_path: Path) -> None:
    moved = model.bundle.rules.complete.calibration
    assert moved["method"] == "bands"
    assert len(moved["shifts"][0]) == 3
    found = model.metrics["forecasting"]
    assert 0 <= found["coverage_before"] <= 1
    proof = export(model.run, tmp_path / "exported")["proof"]
    assert proof["largest"] < 1e-3
    ahead = cs.load(tmp_path / "exported").predict_table(shops())
    for name in ("prediction", "quantile:0.1", "quantile:0.9"):
        assert ahead[name].to_list() == pytest.approx(model.predict_table(shops())[name].to_list(), rel=1e-4)


def test_other_tasks_do_not_fit_a_series(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="windows of a series are forecast"):
        cs.fit(shops(), "sold", recipe={"series": SERIES, "task": {"type": "regression"}}, run=tmp_path / "run")


def test_earlier_blocks_are_forecast_from_the_steps_before_them(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    recipe = {
        "series": {**SERIES, "past": 7},
        "split": {"folds": 3, "test": 0.15},
        "ignore": ["news"],
        "report": {"examples": 1},
    }
    settings = ("train.epochs=1", "train.networks=1", "fusion.type=concat")
    model = cs.fit(
        shops(), "sold", recipe=recipe, settings=settings, run=tmp_path / "run", effort=1, listener=heard.append
    )
    found = model.metrics["walk_forward"]
    spans = [(block["from"][:10], block["to"][:10], block["until"][:10]) for block in found["blocks"]]
    assert spans[-1] == ("2024-03-17", "2024-03-30", "2024-03-16")
    assert spans[0] == ("2024-02-18", "2024-03-02", "2024-02-17")
    assert found["blocks"][-1]["default"]["value"] == pytest.approx(model.metrics["test"]["mase"]["value"])
    values = [block["default"]["value"] for block in found["blocks"]]
    assert found["mean"]["default"]["value"] == pytest.approx(sum(values) / 3)
    assert found["mean"]["default"]["low"] < found["mean"]["default"]["value"] < found["mean"]["default"]["high"]
    assert {block["baseline"]["name"] for block in found["blocks"]} <= set(model.metrics["references"])
    assert any(event["event"] == "progress" and "walk forward, block 1 of 2" in event["name"] for event in heard)
    assert len([event for event in heard if event["event"] == "start"]) == 1
    assert "Block by block" in model.report.read_text(encoding="utf-8")
