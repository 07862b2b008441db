from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from consilience.core.files import finite
from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.confidence.abstention import Abstention
from consilience.evaluation.confidence.coverage import part_of
from consilience.evaluation.confidence.referral import confidence, losses, risk_area, risk_curve, threshold_for
from consilience.evaluation.confidence.sample import sample_of
from tests.evaluation.confidence.fake_evidence import KINDS, evidence, predictions


@pytest.mark.parametrize(("kind", "wanted"), [("multiclass", 0.1), ("multilabel", 0.16)])
def test_a_threshold_keeps_its_promise_as_often_as_it_says(kind: str, wanted: float) -> None:
    said, target = predictions(kind, 40_000, sharpness=3.0, seed=5)
    sure, loss = confidence(kind, said), losses(kind, said, target)
    generator = np.random.default_rng(0)
    broken = found = 0
    for _ in range(200):
        rows = generator.choice(40_000, 300, replace=False)
        threshold = threshold_for(sure[rows], loss[rows], wanted)
        if threshold is not None:
            found += 1
            broken += loss[sure >= threshold].mean() > wanted
    assert found > 50
    assert broken <= stats.binom.ppf(0.999, 200, 0.1)


def test_no_threshold_is_promised_by_few_rows_or_a_bad_model_and_all_rows_are_kept_by_a_good_one() -> None:
    sure = np.linspace(1, 0.5, 1000)
    assert threshold_for(sure[:20], np.zeros(20), 0.05) is None
    assert threshold_for(sure, np.ones(1000), 0.05) is None
    assert threshold_for(sure, np.zeros(1000), 0.05) == 0.5
    assert threshold_for(np.ones(1000), np.r_[np.ones(100), np.zeros(900)], 0.05) is None, (
        "ties stand and fall together"
    )


def test_the_risk_curve_and_its_area_are_those_counted_by_hand() -> None:
    sample = part_of(sample_of(evidence("binary", 20).judged), np.arange(20))
    sure = np.linspace(1, 0.5, 20)
    loss = np.zeros(20)
    loss[[10, 19]] = 1
    curve = risk_curve(sample, sure, loss)
    assert curve[9] == {"kept": 0.5, "error": curve[9]["error"]}
    assert curve[9]["error"]["value"] == 0
    assert curve[10]["error"]["value"] == pytest.approx(1 / 11)
    assert curve[19]["error"]["value"] == pytest.approx(0.1)
    known = sum(1 / k for k in range(11, 20)) / 20 + 2 / 20 / 20
    assert risk_area(sample, sure, loss)["value"] == pytest.approx(known)


@pytest.mark.parametrize("kind", KINDS)
def test_the_surest_rows_err_least(kind: str) -> None:
    found = Abstention().measure(evidence(kind, 3000))
    assert found["curve"][4]["error"]["high"] < found["error"]["low"]
    assert found["area"]["high"] < found["error"]["value"]
    assert len(found["promises"]) == (0 if kind == "regression" else 4)


def test_the_error_rate_of_the_recipe_is_promised_on_validation_and_judged_on_test_rows() -> None:
    found = Abstention().measure(evidence("multiclass", 2000, sharpness=4.0, report={"abstain": 0.05}))
    (promise,) = found["promises"]
    assert promise["held"] == "yes"
    assert 0.2 < promise["kept"]["value"] < 1
    assert promise["error"]["value"] <= 0.05
    hopeless = Abstention().measure(evidence("multiclass", 300, sharpness=0.1, report={"abstain": 0.05}))
    assert hopeless["promises"][0]["held"] is None


def test_equal_confidence_leaves_nothing_to_refer() -> None:
    flat = evidence("binary", 100)
    flat.opinion.final[:] = 0.5
    with pytest.raises(NotApplicable, match="equally sure"):
        Abstention().measure(flat)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("abstain", [None, 0.05, 0.001])
def test_the_chapter_is_written_from_plain_json(kind: str, language: str, abstain: float | None) -> None:
    found = json.loads(json.dumps(finite(Abstention().measure(evidence(kind, 400, report={"abstain": abstain})))))
    section = Abstention().show(found, {}, language)  # type: ignore[arg-type]
    assert section is not None
    assert len(section.sentences) == (1 if kind == "regression" else 2)
    assert section.blocks[0].narrow.startswith("<svg")
    if kind != "regression" and abstain == 0.001:
        assert section.sentences[1].tone == "bad"
