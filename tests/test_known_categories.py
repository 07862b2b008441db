"""Categories known ahead, from a table of steps to forecasts, an exported model and a served request."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import consilience as cs
from consilience.deployment.export import export
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.settings import Settings

SERIES = {"time": "day", "id": "shop", "values": ["sold"], "past": 7, "horizon": 3, "known": ["promotion"]}
KINDS = ("none", "sale", "feast")


def shops(first: int = 0, days: int = 110) -> pl.DataFrame:
    """What is sold depends on the day's promotion, which is drawn by lot: only who knows it ahead can tell."""
    random = np.random.default_rng(0)
    drawn = random.choice(3, (2, 400), p=(0.6, 0.3, 0.1))
    noise = random.normal(0, 0.2, (2, 400))
    rows = [
        (
            f"shop{shop}",
            datetime(2024, 1, 1) + timedelta(days=day),
            10.0 + math.sin(day) + 4 * (drawn[shop, day] == 1) - 3 * (drawn[shop, day] == 2) + noise[shop, day],
            KINDS[drawn[shop, day]],
        )
        for shop in range(2)
        for day in range(first, first + days)
    ]
    return pl.DataFrame(rows, schema=["shop", "day", "sold", "promotion"], orient="row")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("known")
    recipe = {"series": SERIES, "report": {"examples": 1, "analyses": ["forecasting"]}}
    settings = ("train.epochs=15", "train.networks=1", "fusion.type=concat", "train.learning_rate=0.03")
    shops().write_csv(folder / "shops.csv")
    return cs.fit(folder / "shops.csv", "sold", recipe=recipe, settings=settings, run=folder / "run", effort=1)


def ahead() -> pl.DataFrame:
    """The shops, and three days more of which only the promotion is known: a sale in shop0, none in shop1."""
    later = [
        (f"shop{shop}", datetime(2024, 1, 1) + timedelta(days=110 + step), None, ("sale", "none")[shop])
        for shop in range(2)
        for step in range(3)
    ]
    return pl.concat([shops(), pl.DataFrame(later, schema=shops().schema, orient="row")])


def test_the_promotion_is_read(model: Any) -> None:
    assert model.bundle.facts["windows"]["kinds"] == ["promotion"]
    assert set(model.bundle.facts["groups"]["promotion ahead"]["vocabulary"][0]) == set(KINDS)
    assert model.metrics["test"]["mase"]["value"] < 0.9 * model.metrics["references"]["past_linear"]["mase"]["value"]
    said = model.predict_table(ahead()).group_by("shop", maintain_order=True).agg(pl.col("prediction").mean())
    sale, none = said["prediction"].to_list()
    assert sale - none > 1


def test_missing_and_unseen_promotions_are_counted(model: Any) -> None:
    odd = ahead().with_columns(pl.when(pl.col("promotion") == "sale").then(pl.lit("party")).alias("promotion"))
    with pytest.warns(cs.DataWarning) as said:
        found = model.predict_table(odd)
    assert found["prediction"].is_finite().all()
    texts = " ".join(str(one.message) for one in said)
    assert "missing_ahead" in texts
    assert "unseen_category" in texts


@pytest.mark.slow
def test_an_exported_model_says_the_same_and_answers_a_request(model: Any, tmp_path: Path) -> None:
    assert export(model.run, tmp_path / "out")["proof"]["largest"] < 1e-3
    runtime = cs.load(tmp_path / "out")
    both = [one.predict_table(ahead())["prediction"].to_list() for one in (model, runtime)]
    assert both[0] == pytest.approx(both[1], rel=1e-4)
    calendar = len(model.bundle.facts["windows"]["calendar"])
    row = {"past": [[10.0]] * 7, "future": [[0.0] * calendar] * 3}
    rows = [{**row, **{f"promotion +{step}": kind for step in (1, 2, 3)}} for kind in ("sale", "none")]
    with TestClient(make_app(House({"shops": tmp_path / "out"}, Settings()))) as client:
        answer = client.post("/v1/models/shops/predict", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    sale, none = ([float(v) for v in one["forecast"]["prediction"]] for one in answer.json()["predictions"])
    assert sum(sale) > sum(none)
