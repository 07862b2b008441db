"""Verdict and shares on tables whose truth is known by construction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import consilience as cs

ROWS = 900


def exclusive_or() -> pl.DataFrame:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 2, ROWS), random.integers(0, 2, ROWS)
    return pl.DataFrame(
        {"a": np.where(a, "p", "q"), "b": np.where(b, "u", "v"), "y": np.where(a ^ b, "yes", "no")},
    )


def copied() -> pl.DataFrame:
    random = np.random.default_rng(1)
    a = random.normal(size=ROWS)
    y = a + 0.7 * random.normal(size=ROWS) > 0
    return pl.DataFrame({"a": a, "b": 2 * a + 1, "y": np.where(y, "yes", "no")})


def noise() -> pl.DataFrame:
    return copied().with_columns(pl.Series("b", np.random.default_rng(2).normal(size=ROWS)))


def contribution(frame: pl.DataFrame, folder: Path) -> dict[str, Any]:
    settings = (
        "split.folds=1",
        "train.networks=3",
        "train.epochs=25",
        "split.test=0.35",
        "report.analyses=[contribution]",
    )
    disciplines = {"a": ["a"], "b": ["b"]}
    model = cs.fit(frame, target="y", run=folder / "run", settings=settings, effort=1, disciplines=disciplines)
    return dict(model.metrics["contribution"])


@pytest.mark.slow
def test_exclusive_or_is_all_synergy(tmp_path: Path) -> None:
    found = contribution(exclusive_or(), tmp_path)
    for said in (found, found.get("network", found)):
        assert said["verdict"] == "helps"
        assert said["synergy"]["low"] > 0.3
        assert said["shares"]["a"]["value"] == pytest.approx(0.5, abs=0.1)
        assert said["pairs"][0]["redundancy"]["high"] < 0
    assert found["members"] == 3
    assert len(found["per_member"]) == 3
    assert [s["groups"] for s in found["subsets"]] == [[], ["a"], ["b"], ["a", "b"]]


@pytest.mark.slow
def test_a_copy_is_all_redundancy(tmp_path: Path) -> None:
    found = contribution(copied(), tmp_path)
    for said in (found, found.get("network", found)):
        assert said["verdict"] == "no evidence"
        assert said["shares"]["a"]["value"] == pytest.approx(0.5, abs=0.06)
        assert said["pairs"][0]["redundancy"]["low"] > 0.2
        assert "cannot be told" in said["sentence"] or "nothing that can be told" in said["sentence"]


@pytest.mark.slow
def test_noise_brings_nothing(tmp_path: Path) -> None:
    found = contribution(noise(), tmp_path)
    for said in (found, found.get("network", found)):
        assert said["verdict"] == "no evidence"
        assert said["best_single"] == "a"
        assert abs(said["shares"]["b"]["value"]) < 0.12
        assert said["shapley"]["b"]["low"] <= 0
