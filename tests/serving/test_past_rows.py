"""A model with a `history` over HTTP: raw earlier rows of an id come in the same request and change its answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

import consilience as cs
from consilience.serving.app import make_app
from consilience.serving.house import House
from consilience.serving.settings import Settings

PREDICT = "/v1/models/answers/predict"
RECIPE = {
    "target": "right",
    "history": {"id": "student", "order": "step", "columns": ["skill", "right"], "by": ["skill"], "past": 4},
    "ignore": ["step"],
    "effort": 1,
    "references": ["linear"],
    "train": {"epochs": 1, "networks": 1},
    "split": {"folds": 1, "test": 0},
    "report": {"analyses": []},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Students who answer every question on a skill alike."""
    random = np.random.default_rng(0)
    rows = []
    for student in range(40):
        knows = {"s1": int(random.integers(0, 2)), "s2": int(random.integers(0, 2))}
        skills = random.choice(list(knows), 8)
        rows += [(f"p{student}", step, str(skill), knows[skill]) for step, skill in enumerate(skills)]
    folder = tmp_path_factory.mktemp("past") / "run"
    cs.fit(pl.DataFrame(rows, schema=["student", "step", "skill", "right"], orient="row"), recipe=RECIPE, run=folder)
    return folder


@pytest.fixture
def client(run: Path) -> Iterator[TestClient]:
    with TestClient(make_app(House({"answers": run}, Settings()))) as client:
        yield client


def raw(right: int) -> list[dict[str, Any]]:
    """Six earlier answers, all right or all wrong, then the one to predict."""
    past = [{"student": "new", "step": step, "skill": "s1", "right": right} for step in range(6)]
    return [*past, {"student": "new", "step": 6, "skill": "s1", "right": None}]


def likely(client: TestClient, rows: list[dict[str, Any]]) -> list[float]:
    reply = client.post(PREDICT, json={"rows": rows})
    assert reply.status_code == 200, reply.text
    return [said["probabilities"]["1"] for said in reply.json()["predictions"]]


def test_raw_earlier_rows_are_told_to_the_later_ones(client: TestClient, run: Path) -> None:
    said = likely(client, raw(1))
    np.testing.assert_allclose(said, cs.load(run).predict_proba(pl.DataFrame(raw(1)))[:, 1], atol=1e-5)
    assert said[-1] > likely(client, raw(0))[-1] + 0.1
    np.testing.assert_allclose(likely(client, raw(1)[::-1])[::-1], said, atol=1e-5)
    last = raw(1)[-1]
    alone = likely(client, [{**last, "student": "other"}, last])
    assert alone[0] == pytest.approx(alone[1], abs=1e-6)  # without earlier rows nothing is known of either
    assert alone[1] != pytest.approx(said[-1], abs=1e-3)


def test_a_table_of_raw_rows_is_answered_as_json_is(client: TestClient) -> None:
    body = pl.DataFrame(raw(0)).write_csv().encode()
    reply = client.post(f"{PREDICT}/table", content=body, headers={"content-type": "text/csv", "accept": "text/csv"})
    assert reply.status_code == 200, reply.text
    found = pl.read_csv(io.BytesIO(reply.content))
    np.testing.assert_allclose(found["probability:1"], likely(client, raw(0)), atol=1e-5)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"student": "new", "step": "soon", "skill": "s1"}, "no times"),
        ({"student": "new", "step": 1, "skil": "s1"}, "row 1: the model has no column 'skil'; did you mean 'skill'"),
        ({"studnet": "new", "step": 1, "skill": "s1"}, "did you mean 'student'"),
    ],
)
def test_bad_raw_rows_are_refused_with_the_reason(client: TestClient, row: dict[str, Any], says: str) -> None:
    reply = client.post(PREDICT, json={"rows": [raw(1)[0], row]})
    assert reply.status_code == 422
    assert says in reply.json()["error"]
