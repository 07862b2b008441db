"""`history` from start to end: only the past of an id tells the target."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.deployment.export import export

ASKED = {"id": "student", "order": "step", "columns": ["skill", "right"], "by": ["skill"], "past": 8}
RECIPE = {
    "target": "right",
    "history": ASKED,
    "ignore": ["step"],
    "effort": 1,
    "references": ["trees"],
    "train": {"epochs": 2, "networks": 2},
    "split": {"folds": 1},
    "report": {"analyses": ["contribution"]},
}


def logs(students: int, seed: int) -> pl.DataFrame:
    """Each student answers every question on a skill alike, in a way of their own."""
    random = np.random.default_rng(seed)
    rows = []
    for student in range(students):
        knows = {skill: int(random.integers(0, 2)) for skill in ("s1", "s2", "s3")}
        for step in range(12):
            skill = str(random.choice(list(knows)))
            rows.append((f"{seed}-{student}", step, skill, knows[skill]))
    return pl.DataFrame(rows, schema=["student", "step", "skill", "right"], orient="row")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "run"
    cs.fit(logs(60, 0), recipe=RECIPE, test=logs(40, 1), run=folder)
    return folder


def test_the_past_is_learned_and_intervals_are_by_student(run: Path) -> None:
    model = cs.load(run)
    score = model.metrics["test"]["roc_auc"]
    assert score["value"] > 0.8
    assert "whole groups of “student” at a time" in (run / "report.html").read_text(encoding="utf-8")
    assert list(model.bundle.recipe.disciplines) == ["history"]
    assert model.metrics["comparison"]["default_majority"]["verdict"] == "better"


def test_the_last_row_is_predicted_from_the_earlier_ones_in_any_order(run: Path) -> None:
    model = cs.load(run)
    past = [("new", step, skill, right) for step, (skill, right) in enumerate([("s1", 1), ("s2", 0)] * 4)]
    rows = pl.DataFrame([*past, ("new", 9, "s1", None), ("new", 9, "s2", None)], schema=logs(1, 0).schema, orient="row")
    said = model.predict_proba(rows)[:, 1]
    assert said[-2] > said[-1] + 0.1
    turned = model.predict_proba(rows.reverse())[:, 1]
    np.testing.assert_allclose(turned[::-1], said, atol=1e-6)
    pieces = model.predict_chunks([cs_table(rows[:5]), cs_table(rows[5:])])
    np.testing.assert_allclose(pl.concat(list(pieces))["probability:1"].to_numpy(), said, atol=1e-6)


def cs_table(frame: pl.DataFrame):  # type: ignore[no-untyped-def]
    from consilience.data.table import read_table

    return read_table(frame)


def test_a_table_of_made_columns_is_predicted_as_the_logs_are(run: Path) -> None:
    from consilience.data.history import add_history

    model, new = cs.load(run), logs(3, 5)
    made, _ = add_history(cs_table(new), model.bundle.recipe.history)
    made_only = made.frame.drop("student", "step", "right")
    np.testing.assert_allclose(model.predict_proba(made_only), model.predict_proba(new), atol=1e-6)


def test_an_absent_target_is_an_unknown_past_and_said(run: Path) -> None:
    model = cs.load(run)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.predict(logs(2, 6).drop("right"))
    assert any("its past counts as unknown" in str(w.message) for w in caught)


def test_one_row_is_explained_with_the_past_of_the_whole_table(run: Path) -> None:
    model, new = cs.load(run), logs(2, 7)
    one = model.explain(new, [20])[0]
    assert one["row"] == 20
    assert one["prediction"] == model.predict(new)[20]


@pytest.mark.slow
def test_the_export_says_the_same(run: Path, tmp_path: Path) -> None:
    told = export(run, tmp_path / "bundle", logs(10, 8))
    assert told["proof"]["largest"] < 1e-4
    new = logs(4, 9)
    exported = cs.load(tmp_path / "bundle")
    np.testing.assert_allclose(exported.predict_proba(new), cs.load(run).predict_proba(new), atol=1e-4)


@pytest.mark.slow
def test_a_server_tells_a_row_the_earlier_rows_of_its_request(run: Path) -> None:
    from consilience.serving.hosted import Asked, Hosted
    from consilience.serving.past_rows import past_columns, with_past
    from consilience.serving.refused import RefusedError
    from consilience.serving.rows import read_rows
    from consilience.serving.settings import Settings

    hosted, new = Hosted("m", run), logs(2, 11)
    assert past_columns(hosted.bundle) == ["student", "step", "skill", "right"]
    told = with_past(new.to_dicts(), hosted.bundle, 1000)
    rows = read_rows(told, hosted.columns, Settings())
    answers = hosted.answer([Asked(row) for row in rows])
    wanted = cs.load(run).predict_proba(new)[:, 1]
    np.testing.assert_allclose([a["probabilities"]["1"] for a in answers], wanted, atol=1e-5)
    assert with_past([{"skill": "s1"}], hosted.bundle, 1000) == [{"skill": "s1"}]
    assert with_past("rows", hosted.bundle, 1000) == "rows"
    with pytest.raises(RefusedError, match="no times"):
        with_past([{"student": "a", "step": "soon"}], hosted.bundle, 1000)
