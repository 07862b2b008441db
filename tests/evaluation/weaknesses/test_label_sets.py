from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Opinion
from consilience.evaluation.weaknesses.errors import Errors
from consilience.evaluation.weaknesses.fairness import Fairness
from consilience.evaluation.weaknesses.robustness import Robustness
from consilience.evaluation.weaknesses.slices import Slices

from .made_evidence import made_evidence


def test_rows_with_several_labels_go_through_every_analysis() -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"dose": random.normal(size=400), "sex": random.choice(["F", "M"], 400)})
    actual = random.random((400, 3)) < 0.4
    wrong = random.random((400, 3)) < np.where(frame["sex"] == "F", 0.3, 0.05)[:, None]
    said = np.where(actual ^ wrong, 0.95, 0.05)
    groups = {"number": ("dose",), "category": ("sex",)}
    evidence = made_evidence(
        frame, groups, "multilabel", actual.astype(float), said, classes=["a", "b", "c"], report={"slices": ("sex==F",)}
    )

    def judge(features: Any, texts: Any, index: Any, hidden: Any = ()) -> Opinion:
        return Opinion(said[index], {"network": said[index]}, {}, np.ones((len(index), 2), bool), said[index], ())

    evidence.bundle.judge = judge  # type: ignore[method-assign]
    found = {
        a.name: json.loads(json.dumps(a.measure(evidence))) for a in (Slices(), Fairness(), Errors(), Robustness())
    }
    assert found["slices"]["named"][0]["verdict"] == "weak"
    assert found["slices"]["named"][0]["value"]["value"] > found["slices"]["named"][0]["rest"]["value"]
    assert found["fairness"]["largest"]["verdict"] == "differs"
    assert found["errors"]["labels"]["suspected"] > 0
    assert not any(p["worse"] for c in found["robustness"]["curves"] for p in c["points"])
    for analysis in (Slices(), Fairness(), Errors(), Robustness()):
        for language in ("en", "zh"):
            assert analysis.show(found[analysis.name], {}, language) is not None  # type: ignore[arg-type]
