"""What the form page sends of a forecast row is answered; a level, which forecasts do not know, is refused."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient

import consilience as cs
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.settings import Settings

FIELD = re.compile(r'<(?:input|textarea|select)[^>]*data-column="([^"]*)"[^>]*>')
EXAMPLE = re.compile(r'data-example="([^"]*)"')
SERIES = {"time": "day", "values": ["sold"], "past": 8, "horizon": 3, "known": ["price"]}


def steps(days: int = 90) -> pl.DataFrame:
    price = [float((day // 7) % 2) for day in range(days)]
    sold = [10 + day % 7 - 2 * p for day, p in enumerate(price)]
    moments = [datetime(2024, 1, 1) + timedelta(days=day) for day in range(days)]
    return pl.DataFrame({"day": moments, "sold": sold, "price": price})


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("forecast_form")
    settings = ("train.epochs=1", "train.networks=1", "fusion.type=concat", "references=[]", "report.analyses=[]")
    recipe: dict[str, Any] = {"series": SERIES, "report": {"examples": 0}}
    steps().write_csv(folder / "steps.csv")
    cs.fit(folder / "steps.csv", "sold", recipe=recipe, settings=settings, run=folder / "run", effort=1)
    with TestClient(make_app(House({"shop": folder / "run"}, Settings()))) as client:
        yield client


def filled(page: str) -> dict[str, Any]:
    """Column → what the page sends of a field after "Fill in an example": text, None where it is empty."""
    row: dict[str, Any] = {}
    for found in FIELD.finditer(page):
        example = EXAMPLE.search(found.group(0))
        row[html.unescape(found.group(1))] = html.unescape(example.group(1)).strip() or None if example else None
    return row


@pytest.mark.slow
def test_a_forecast_row_of_the_form_page_is_answered_and_a_level_is_refused(client: TestClient) -> None:
    page = client.get("/models/shop")
    assert page.status_code == 200
    assert "level = 0;" in page.text, "the page sends no level"
    row = filled(page.text)
    assert row.keys() == client.get("/v1/models/shop").json()["columns"].keys()
    assert any(row.values())
    reply = client.post("/v1/models/shop/predict", json={"rows": [row]})
    assert reply.status_code == 200, reply.text
    (answer,) = reply.json()["predictions"]
    said = answer["forecast"]
    assert len(said["prediction"]) == 3
    assert all(isinstance(value, float) for value in said["prediction"])
    refused = client.post("/v1/models/shop/predict", json={"rows": [row], "level": 0.9})
    assert refused.status_code == 422
    assert 'Leave "level" out' in refused.json()["error"]
