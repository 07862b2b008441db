"""The examples run on small made tables with the columns of the real ones."""

from __future__ import annotations

import gzip
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

import consilience as cs
from tests.conftest import png

EXAMPLES = Path(__file__).parents[1] / "examples"
SHORT = {
    "train": {"epochs": 1, "networks": 1},
    "split": {"folds": 1},
    "references": ["trees"],
    "report": {"analyses": []},
}


@pytest.fixture
def assistments(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["student,split,n,skills,correct"]
    for student in range(40):
        count = int(random.integers(1, 40))
        skills, right = random.integers(1, 5, count), random.integers(0, 2, count)
        words = [" ".join(map(str, values)) for values in (skills, right)]
        lines.append(f"{student},{'test' if student % 4 == 0 else 'train'},{count},{words[0]},{words[1]}")
    with gzip.open(tmp_path / "assist2009_updated_sequences.csv.gz", "wt") as file:
        file.write("\n".join(lines))
    (tmp_path / "assist2009_updated_skill_mapping.txt").write_text("1\tArea \n2\tRounding\n3\tBox and Whisker")
    return tmp_path


@pytest.mark.slow
def test_education_prepares_and_trains(assistments: Path, tmp_path: Path) -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "education" / "prepare.py"))
    rows = example["answers"](assistments)
    assert rows.columns == ["student", "step", "skill", "skill_name", "correct", "split"]
    assert rows.filter(pl.col("skill") == "s1")["skill_name"].unique().to_list() == ["Area"]
    assert rows.group_by("student").agg(pl.col("step").max() + 1 == pl.len())["step"].all()
    recipe = yaml.safe_load((EXAMPLES / "education" / "recipe.yaml").read_text(encoding="utf-8")) | SHORT
    parts = {name: rows.filter(pl.col("split") == name).drop("split") for name in ("train", "test")}
    model = cs.fit(parts["train"], recipe=recipe, test=parts["test"], run=tmp_path / "run")
    assert model.metrics["rows"]["test"] == parts["test"].height
    assert model.bundle.recipe.split.group == "student"


@pytest.mark.slow
def test_education_makes_a_table_of_students(assistments: Path) -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "education" / "prepare.py"))
    rows = example["answers"](assistments)
    students = example["first_answers"](rows, seen=10)
    one = rows.filter(pl.col("student") == students["student"][0])
    assert students["later_share"][0] == pytest.approx(one["correct"][10:].mean())
    assert students["share"][0] == pytest.approx(one["correct"][:10].mean())
    assert len(students["answers"][0].split()) == 10


@pytest.mark.slow
def test_finance_measures_sources_and_walks_forward(tmp_path: Path) -> None:
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "finance" / "run.py"))
    random = np.random.default_rng(1)
    days = [f"2015-{m:02d}-{d:02d}" for m in range(1, 5) for d in range(1, 26)]
    rows = [(day, stock) for day in days for stock in ("AAA", "BBB", "CCC")]
    frame = pl.DataFrame(rows, schema=["date", "stock"], orient="row")
    count = frame.height
    numbers = {name: random.normal(size=count) for name in (*example["LAGS"], "movement_pct")}
    frame = frame.with_columns(
        *(pl.Series(name, values) for name, values in numbers.items()),
        pl.Series("label", (numbers["movement_pct"] > 0).astype(int)),
        pl.Series("sector", random.choice(["energy", "banks"], count)),
        pl.Series("n_trading_days", random.integers(2, 5, count)),
        pl.Series("n_tweets", random.integers(0, 9, count)),
        pl.Series("n_tweets_unique", random.integers(0, 9, count)),
        pl.Series("tweets_every_day", random.integers(0, 2, count)),
        pl.Series("tweets", [f"stock {w} today {i}" for i, w in enumerate(random.choice(["up", "down"], count))]),
        pl.Series("ret_hist30", [json.dumps(random.normal(size=30).round(3).tolist()) for _ in range(count)]),
        pl.when(pl.col("date") < "2015-03-01").then(pl.lit("train"))
        .when(pl.col("date") < "2015-03-20").then(pl.lit("valid")).otherwise(pl.lit("test")).alias("split"),
    )  # fmt: skip
    frame.write_parquet(tmp_path / "stocknet.parquet")
    quick = example["measure"].__globals__
    whole = quick["recipe"]
    quick["recipe"] = lambda effort: whole(effort) | SHORT | {"report": {"cluster": "date", "analyses": []}}
    found = example["measure"](tmp_path, tmp_path / "runs", 1, ("2015-04-01",))
    assert found["rows"]["test"] == frame.filter(pl.col("split") == "test").height
    assert list(found["subsets"]) == [
        "prices", "tweets", "company", "prices+tweets", "prices+company", "tweets+company", "prices+tweets+company",
    ]  # fmt: skip
    assert found["subsets"]["prices+tweets+company"]["accuracy"] == pytest.approx(found["all"]["accuracy"])
    assert found["walk_forward"][0]["rows"] == 75
    assert any("guessing" in sentence for sentence in found["verdict"])
    assert cs.load(tmp_path / "runs" / "official").bundle.recipe.report.cluster == "date"
    assert "movement_pct" not in cs.load(tmp_path / "runs" / "official").bundle.columns


@pytest.fixture
def xrays(tmp_path: Path) -> Path:
    """The columns of covid_xray that the example reads; the raw notes name the disease, the masked ones do not."""
    random = np.random.default_rng(2)
    count = 120
    patient = np.arange(count) // 2
    covid = (patient % 3 > 0).astype(int)
    (tmp_path / "images").mkdir()
    for row in range(count):
        shade = random.normal(90, 30, (24, 24)).clip(0, 255).astype(np.uint8)
        (tmp_path / "images" / f"{row:04d}.png").write_bytes(png(shade))
    noise = [f"cough for {days} days" for days in random.integers(1, 9, count)]
    numbers = ("age", "offset_days", "temperature", "pO2_saturation")
    counts = ("leukocyte_count", "neutrophil_count", "lymphocyte_count")
    frame = pl.DataFrame(
        {
            "image": [f"images/{row:04d}.png" for row in range(count)],
            "patientid": [f"{p}a" for p in patient],
            "sex": random.choice(["F", "M", None], count),
            **{name: random.normal(size=count).round(2) for name in numbers},
            **{name: [None if row % 5 else float(row) for row in range(count)] for name in counts},
            "clinical_notes": [f"{n}, {'COVID-19' if c else 'asthma'}" for n, c in zip(noise, covid, strict=True)],
            "notes_masked": [f"{n}, [MASK]" for n in noise],
            "covid": [None if row > 115 else int(c) for row, c in enumerate(covid)],
            "fold5": patient % 5,
        }
    )
    frame.write_csv(tmp_path / "covid_xray.csv")
    return tmp_path


@pytest.mark.slow
def test_medicine_pools_folds_of_patients_and_shows_the_leak(
    xrays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consilience.evaluation.intervals.planned_resamples", lambda *_: 40)
    example: dict[str, Any] = runpy.run_path(str(EXAMPLES / "medicine" / "run.py"))
    inside = example["measure"].__globals__
    whole = inside["recipe"]
    quick = SHORT | {"split": {"group": "patientid"}, "references": ["linear"]}
    inside["recipe"] = lambda effort: whole(effort) | quick
    found = example["measure"](xrays, tmp_path / "runs", 1, (0, 1))
    assert found["rows"] == {"held out": 48, "patients": 24}
    assert found["given"]["covid"]["COVID-19 named"] == 1
    assert list(found["masked"]["subsets"]) == [
        "image", "record", "note", "image+record", "image+note", "record+note", "image+record+note",
    ]  # fmt: skip
    assert list(found["masked"]["fused against"]) == ["image", "record", "note"]
    assert found["raw against masked"]["note"]["verdict"] == "better"
    assert found["raw"]["subsets"]["note"]["roc_auc"][0] > 0.9
    assert len(found["raw"]["verdict"]["fold 1"]) > 0
    model = cs.load(tmp_path / "runs" / "masked" / "fold-0")
    assert set(model.bundle.columns) == {c for columns in example["SOURCES"].values() for c in columns}
