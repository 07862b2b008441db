from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.core.recipe import make_recipe
from consilience.data.checks.base import View
from consilience.data.findings import run_checks
from consilience.data.table import read_table
from consilience.evaluation.result import finding_dicts
from consilience.evaluation.weaknesses.leaks import WORDS, leak_findings, leak_sentence
from consilience.training.plan import Given, make_plan

from .same_words import assert_same_words


def leaky() -> pl.DataFrame:
    random = np.random.default_rng(0)
    person = random.integers(0, 120, 500)
    ill = random.random(120) < 0.5
    y = np.where(random.random(500) < 0.1, ~ill[person], ill[person])
    day = np.where(y, random.integers(0, 900, 500), random.integers(600, 1500, 500))
    frame = pl.DataFrame(
        {
            "patient_id": [f"P{p:04d}" for p in person],
            "sex": np.where(person % 2 == 0, "f", "m"),
            "pulse": random.normal(70, 9, 500),
            "visit": [str(np.datetime64("2018-01-01") + d) for d in day],
            "outcome_code": np.where(y, "A", "B"),
            "note": [f"{' '.join(random.choice(['pain', 'cough', 'calm', 'rash'], 14))} day {i}" for i in range(500)],
            "y": np.where(y, "ill", "well"),
        }
    )
    return pl.concat([frame, frame[:60]])


def test_every_leak_of_a_runs_split_is_said_in_both_languages() -> None:
    plan = make_plan(make_recipe({"target": "y", "columns": {"note": "text"}}), Given(read_table(leaky())))
    view = View(plan.tables["train"], plan.schema, "y", plan.task.kind, splits=plan.splits)
    findings = finding_dicts(run_checks(view, slow=False)[0])
    leaks = leak_findings(findings)
    codes = {f["code"] for f in leaks}
    assert codes >= {"group_leak", "duplicate_rows", "near_duplicate_text", "target_leak", "future_rows"}
    for finding in leaks:
        for language in ("en", "zh"):
            sentence: Any = leak_sentence(finding, language, "y")  # type: ignore[arg-type]
            assert sentence.tone == "bad"
            assert "{" not in sentence.text
            assert "0 of 0" not in sentence.text
            if finding["code"] != "target_leak" and language == "en":
                assert "test rows" in sentence.text


@pytest.mark.parametrize(
    "finding",
    [
        {"code": "duplicate_rows", "severity": "warning", "details": {"count": 3}},
        {"code": "group_leak", "severity": "info", "details": {"across": {"the test rows": 3}}},
        {"code": "imbalance", "severity": "warning"},
    ],
)
def test_what_is_no_leak(finding: Any) -> None:
    assert leak_findings([finding]) == []


def test_both_languages_say_the_same() -> None:
    assert_same_words(WORDS)
