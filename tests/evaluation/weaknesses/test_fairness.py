from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.weaknesses import fairness_section
from consilience.evaluation.weaknesses.fairness import Fairness
from consilience.evaluation.weaknesses.people import groups_of, people_columns

from .made_evidence import made_evidence, one_hot
from .same_words import assert_same_words


def measure(rows: int, seed: int, missed: float, **more: Any) -> Any:
    """Women who are ill are missed with probability `missed`, men with 0.1."""
    random = np.random.default_rng(seed)
    sex = random.choice(["F", "M"], rows, p=[0.4, 0.6])
    frame = pl.DataFrame({"sex": sex, "dose": random.normal(size=rows), "Age": random.integers(20, 90, rows)})
    y = random.integers(0, 2, rows)
    miss = np.where(y == 1, np.where(sex == "F", missed, 0.1), 0.1)
    said = np.where(random.random(rows) < miss, 1 - y, y)
    groups = {"number": ("dose", "Age"), "category": ("sex",)}
    predictions = 0.8 * one_hot(said) + 0.1
    evidence = made_evidence(frame, groups, "binary", one_hot(y), predictions, classes=["well", "ill"], **more)
    return json.loads(json.dumps(Fairness().measure(evidence)))


def test_a_planted_difference_is_found_with_its_size() -> None:
    found = measure(2000, 0, 0.4)
    assert [column["column"] for column in found["columns"]] == ["sex", "Age"]
    largest = found["largest"]
    assert (largest["column"], largest["rate"], largest["group"], largest["verdict"]) == ("sex", "tpr", "F", "differs")
    assert largest["difference"]["low"] < -0.3 < largest["difference"]["high"]
    assert largest["ratio"]["low"] < 0.6 / 0.9 < largest["ratio"]["high"]
    false = [d for d in found["columns"][0]["differences"] if d["rate"] == "fpr"]
    assert [d["verdict"] for d in false] == ["no_evidence"]
    for language in ("en", "zh"):
        section = Fairness().show(found, {}, language)  # type: ignore[arg-type]
        assert section is not None
        assert section.sentences[0].tone == "bad"
        assert "TPR" in section.sentences[0].text


def test_equal_groups_raise_no_alarm() -> None:
    alarms = [measure(400, seed, 0.1)["largest"]["verdict"] == "differs" for seed in range(20)]
    assert sum(alarms) <= 2


def test_rates_agree_with_scikit_learn() -> None:
    from sklearn.metrics import precision_score, recall_score

    random = np.random.default_rng(3)
    sex, y, said = random.choice(["F", "M"], 300), random.integers(0, 3, 300), random.integers(0, 3, 300)
    frame = pl.DataFrame({"sex": sex, "dose": random.normal(size=300)})
    classes = ["a", "b", "c"]
    predictions = 0.7 * one_hot(said, 3) + 0.1
    evidence = made_evidence(frame, {"number": ("dose",)}, "multiclass", one_hot(y, 3), predictions, classes=classes)
    (column,) = Fairness().measure(evidence)["columns"]
    values = {(r["group"], r["rate"], r["class"]): r["value"] for r in column["rates"]}
    for group in ("F", "M"):
        rows = sex == group
        recall = recall_score(y[rows], said[rows], average=None)
        precision = precision_score(y[rows], said[rows], average=None)
        for place, name in enumerate(classes):
            assert values[group, "tpr", name] == pytest.approx(recall[place])
            assert values[group, "ppv", name] == pytest.approx(precision[place])
        assert values[group, "accuracy", None] == pytest.approx((y == said)[rows].mean())


def test_regression_compares_errors_and_bias() -> None:
    random = np.random.default_rng(4)
    sex = random.choice(["女", "男"], 600)
    frame = pl.DataFrame({"性别": sex, "x": random.normal(size=600)})
    y = random.normal(size=(600, 1))
    said = y + random.normal(0, 0.5, (600, 1)) + np.where(sex == "女", 0.5, 0)[:, None]
    found = Fairness().measure(made_evidence(frame, {"number": ("x",)}, "regression", y, said))
    assert (found["largest"]["rate"], found["largest"]["verdict"]) == ("bias", "differs")
    assert Fairness().show(json.loads(json.dumps(found)), {}, "zh") is not None


def test_columns_are_chosen_by_name_or_by_the_user() -> None:
    names = [
        "Sex",
        "patient_age",
        "AgeGroup",
        "stage",
        "image",
        "性别",
        "RaceEthnicity",
        "message",
        "language",
        "usage",
    ]
    assert people_columns(names) == ["Sex", "patient_age", "AgeGroup", "性别", "RaceEthnicity", "language"]
    found = measure(400, 0, 0.1, report={"fairness": ("dose",)})
    assert [column["column"] for column in found["columns"]] == ["dose"]
    frame = pl.DataFrame({"dose": np.arange(200.0)})
    with pytest.raises(NotApplicable):
        Fairness().measure(
            made_evidence(frame, {"number": ("dose",)}, "regression", np.zeros((200, 1)), np.ones((200, 1)))
        )


def test_groups() -> None:
    ages = groups_of(pl.Series("age", [12.0, 17, 18, 39, 40, 64, 65, 90, 33, None]))
    assert set(ages.names) == {"< 18", "18 – < 40", "40 – < 65", "≥ 65"}
    assert [ages.names[g] for g in ages.member[:8]] == ["< 18"] * 2 + ["18 – < 40"] * 2 + ["40 – < 65"] * 2 + [
        "≥ 65"
    ] * 2
    assert ages.member[-1] == -1
    many = groups_of(pl.Series("language", [f"l{i % 9}" for i in range(90)]))
    assert len(many.names) == 6
    assert many.names[-1] == ""


def test_both_languages_say_the_same() -> None:
    assert_same_words(fairness_section.WORDS)
