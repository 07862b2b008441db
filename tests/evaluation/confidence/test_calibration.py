from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from consilience.evaluation.analysis import NotApplicable
from consilience.evaluation.confidence.calibration import Calibration
from consilience.evaluation.confidence.reliability import reliability_of
from consilience.evaluation.confidence.sample import binomial, sample_of
from tests.evaluation.confidence.fake_evidence import evidence, predictions, sharpened

CLASSES = ("binary", "multiclass", "multilabel")


def test_a_binomial_interval_is_that_of_scipy() -> None:
    for hits, count in ((0, 20), (3, 20), (20, 20), (90, 100)):
        known = stats.binomtest(hits, count).proportion_ci(0.95, "exact")
        assert binomial(hits, count) == pytest.approx({"value": hits / count, "low": known.low, "high": known.high})


@pytest.mark.parametrize("kind", CLASSES)
def test_honest_probabilities_err_as_chance_alone_would_have_it(kind: str) -> None:
    found = [evidence(kind, 1000) for _ in range(1)]
    errors, high = [], 0
    for seed in range(40):
        said, target = predictions(kind, 1000, seed=seed)
        sample = sample_of(found[0].judged._replace(target=target, seed=seed))
        one = reliability_of(sample, said)
        errors.append([one["ece"]["value"], one["by_chance"]["value"]])
        high += one["ece"]["value"] > one["by_chance"]["high"]
    mean = np.mean(errors, axis=0)
    assert mean[0] == pytest.approx(mean[1], rel=0.08)
    assert high <= stats.binom.ppf(0.999, 40, 0.025)


def test_the_expected_calibration_error_is_what_its_definition_says() -> None:
    found = evidence("multiclass", 900)
    sample = sample_of(found.judged)
    said = sharpened("multiclass", found.opinion.final, 2.0)
    stated, right = said.max(1), said.argmax(1) == sample.actual
    order = np.argsort(stated, kind="stable")
    known = sum(abs(stated[part].mean() - right[part].mean()) * 60 / 900 for part in np.split(order, 15))
    one = reliability_of(sample, said)
    assert one["ece"]["value"] == pytest.approx(known, abs=2e-3)
    assert one["ece"]["low"] < known < one["ece"]["high"]
    assert one["lean"]["low"] > 0
    assert sum(b["rows"] for b in one["bins"]) == 900


@pytest.mark.parametrize("kind", CLASSES)
def test_calibration_is_measured_before_and_after(kind: str) -> None:
    found = Calibration().measure(evidence(kind, 1500, slope=3.0))
    assert found["changed"]
    assert found["before"]["ece"]["low"] > found["after"]["ece"]["high"]
    assert found["gain"]["low"] > 0
    assert found["before"]["log_loss"]["value"] - found["after"]["log_loss"]["value"] == pytest.approx(
        found["gain"]["value"]
    )
    assert sum(found["histogram"]) == 1500 * (3 if kind == "multilabel" else 1)


@pytest.mark.parametrize(
    ("slope", "verdicts"), [(1.0, ("honest",)), (3.0, ("too high",)), (0.3, ("too low",))], ids=["1", "3", "0.3"]
)
def test_the_verdict_says_in_which_direction_it_is_off(slope: float, verdicts: tuple[str, ...]) -> None:
    found = evidence("multiclass", 1500)
    found.opinion = found.opinion._replace(final=sharpened("multiclass", found.opinion.final, slope))
    assert Calibration().measure(found)["verdict"] in verdicts


def test_rows_without_a_target_count_nothing_and_clusters_widen_the_interval() -> None:
    weight = np.ones(800)
    weight[400:] = 0
    half = evidence("binary", 800, weight=weight)
    assert Calibration().measure(half)["rows"] == 400
    plain = sample_of(evidence("binary", 800).judged)
    clustered = sample_of(evidence("binary", 800, clusters=np.arange(800) // 40).judged)
    hits = np.repeat(np.arange(20) % 2 == 0, 40)
    narrow, wide = plain.rate(hits), clustered.rate(hits)
    assert wide["high"] - wide["low"] > 3 * (narrow["high"] - narrow["low"])


def test_values_have_no_probabilities() -> None:
    with pytest.raises(NotApplicable, match="no probabilities"):
        Calibration().measure(evidence("regression"))


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_is_written_from_plain_json(kind: str, language: str) -> None:
    found = json.loads(json.dumps(Calibration().measure(evidence(kind, slope=3.0))))
    section = Calibration().show(found, {}, language)
    assert section is not None
    assert section.code == "calibration"
    assert section.sentences[0].tone == "good"
    assert section.sentences[1].tone == "good"
    assert section.blocks[0].wide.startswith("<svg")
    assert len(section.blocks[0].sheet.rows) == len(found["before"]["bins"]) + len(found["after"]["bins"])
