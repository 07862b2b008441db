from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from consilience.core.errors import InputError
from consilience.core.files import finite
from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.confidence.coverage import part_of
from consilience.evaluation.confidence.decisions import Decisions, best_threshold
from consilience.evaluation.confidence.net_benefit import net_benefit
from consilience.evaluation.confidence.sample import sample_of
from tests.evaluation.confidence.fake_evidence import evidence

UNEQUAL = ((0.0, 1.0), (9.0, 0.0))


def test_net_benefit_is_the_value_counted_by_hand() -> None:
    sample = part_of(sample_of(evidence("binary", 10).judged), np.arange(10))
    sample.target[:] = np.eye(2)[[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]]
    said = np.array([0.9, 0.6, 0.1, 0.8, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1])
    points = {p["threshold"]: p for p in net_benefit(sample, said)["points"]}
    at = points[0.25]  # 2 true and 3 false positives; a false one weighs 1/3
    assert at["model"]["value"] == pytest.approx(2 / 10 - 3 / 10 / 3)
    assert at["all"]["value"] == pytest.approx(3 / 10 - 7 / 10 / 3)
    assert points[0.51]["model"]["value"] == pytest.approx(2 / 10 - 1 / 10 * 0.51 / 0.49)


def test_a_good_model_is_useful_over_a_range_and_noise_is_not() -> None:
    found = Decisions().measure(evidence("binary", 3000, sharpness=3.0))
    low, high = found["net_benefit"]["useful"]
    assert low < 0.2
    assert high > 0.8
    noise = evidence("binary", 3000)
    noise.opinion.final[:] = np.random.default_rng(3).permutation(noise.opinion.final)
    useful = Decisions().measure(noise)["net_benefit"]["useful"]
    assert useful is None or useful[1] - useful[0] < 0.1


def test_the_threshold_of_honest_probabilities_follows_from_the_costs() -> None:
    generator = np.random.default_rng(0)
    said = generator.random(5000)
    actual = (generator.random(5000) < said).astype(int)
    threshold, theory = best_threshold(said, actual, np.ones(5000), np.array(UNEQUAL))
    assert theory == pytest.approx(0.1)
    assert threshold == pytest.approx(theory, abs=0.05)
    shifted, _ = best_threshold(said**3, actual, np.ones(5000), np.array(UNEQUAL))
    assert shifted == pytest.approx(0.001, abs=0.01)
    assert best_threshold(said[:0], actual[:0], np.ones(0), np.array(UNEQUAL)) == (theory, theory)


def test_unequal_costs_are_saved_by_a_threshold_from_validation_rows() -> None:
    found = Decisions().measure(evidence("binary", 2000, report={"costs": UNEQUAL}))
    costs = found["costs"]
    assert costs["saved"]["low"] > 0
    assert costs["usual"]["value"] - costs["cost"]["value"] == pytest.approx(costs["saved"]["value"])
    plain = Decisions().measure(evidence("binary", 2000))["costs"]
    assert plain["theory"] == 0.5


def test_expected_costs_decide_between_more_classes() -> None:
    costs = np.ones((4, 4)) - np.eye(4)
    costs[0] *= 20
    found = Decisions().measure(evidence("multiclass", 2000, report={"costs": costs.tolist()}))
    assert found["costs"]["saved"]["low"] > 0


def test_top_k_accuracy_is_that_of_scikit_learn() -> None:
    given = evidence("multiclass", 500)
    found = Decisions().measure(given)
    for top in found["top"]:
        known = top_k_accuracy_score(given.judged.target.argmax(1), given.opinion.final, k=top["k"])
        assert top["accuracy"]["value"] == pytest.approx(known)
    assert [top["k"] for top in found["top"]] == [1, 2, 3]
    assert found["costs"] is None


def test_asymmetric_costs_call_for_a_quantile() -> None:
    found = Decisions().measure(evidence("regression", 2000, report={"too_low": 9.0, "too_high": 1.0}))
    assert found["quantile"] == 0.9
    assert found["saved"]["low"] > 0
    cheapest = min(found["curve"], key=lambda p: p["cost"]["value"])
    assert cheapest["level"] == pytest.approx(0.9, abs=0.051)
    even = Decisions().measure(evidence("regression", 2000))
    assert abs(even["saved"]["value"]) < 0.05 * even["cost"]["value"]


def test_what_cannot_be_decided_says_why() -> None:
    with pytest.raises(InputError, match=r"report\.costs"):
        Decisions().measure(evidence("multiclass", 50, report={"costs": UNEQUAL}))
    with pytest.raises(NotApplicable, match="both 0"):
        Decisions().measure(evidence("regression", 50, report={"too_low": 0.0, "too_high": 0.0}))
    with pytest.raises(NotApplicable, match="label sets"):
        Decisions().measure(evidence("multilabel", 50))


@pytest.mark.parametrize(
    ("kind", "report"),
    [
        ("binary", {}),
        ("binary", {"costs": UNEQUAL}),
        ("multiclass", {}),
        ("multiclass", {"costs": (2 * (np.ones((4, 4)) - np.eye(4))).tolist()}),
        ("regression", {}),
        ("regression", {"too_low": 4.0}),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("rows", [40, 500])
def test_the_chapter_is_written_from_plain_json(kind: str, report: dict, language: str, rows: int) -> None:
    found = json.loads(json.dumps(finite(Decisions().measure(evidence(kind, rows, report=report)))))
    section = Decisions().show(found, {}, language)  # type: ignore[arg-type]
    assert section is not None
    assert all(s.text.endswith((".", "。")) and "{" not in s.text for s in section.sentences)
    assert section.blocks[0].wide.startswith("<svg")
    assert section.blocks[0].sheet.rows
