"""Models trained with some disciplines only, beside the one that had them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluation.contribution.test_truths import noise

import consilience as cs


@pytest.mark.slow
def test_retraining_says_what_each_discipline_is_worth_alone(tmp_path: Path) -> None:
    settings = (
        "split.folds=1",
        "train.networks=1",
        "train.epochs=8",
        "report.retrain=true",
        "report.analyses=[contribution]",
    )
    model = cs.fit(
        noise(), target="y", run=tmp_path / "run", settings=settings, effort=1, disciplines={"a": ["a"], "b": ["b"]}
    )
    rows = {tuple(row["groups"]): row for row in model.metrics["contribution"]["retrained"]}
    assert set(rows) == {("a",), ("b",)}
    assert rows[("a",)]["roc_auc"]["value"] > 0.8 > 0.65 > rows[("b",)]["roc_auc"]["value"]
    assert rows[("a",)]["verdict"] == "no difference"
    assert rows[("b",)]["verdict"] == "better"
    assert "Trained again" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
