from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import special, stats

from consilience.artifacts.conformal import (
    by_group,
    fit_conformal,
    fit_conformal_by_group,
    prediction_intervals,
    prediction_sets,
    quantiles,
)


def classes(rows: int, sharpness: float, generator, k: int = 4):
    logits = generator.normal(size=(rows, k)) * sharpness
    truth = special.softmax(logits, axis=1)
    label = (truth.cumsum(1) > generator.random((rows, 1))).argmax(1)
    return special.softmax(logits * 1.7, axis=1), np.eye(k)[label]


def covered(sets, target) -> np.ndarray:
    return sets[np.arange(len(sets)), target.argmax(1)]


def within(hits: int, count: int, level: float) -> bool:
    low, high = stats.binom.interval(0.9999, count, level)
    return low <= hits <= high


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 30.0])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_sets_cover_exactly_what_they_promise_even_where_accuracy_is_high(sharpness: float, level: float) -> None:
    generator = np.random.default_rng(1)
    hits = count = 0
    for _ in range(300):  # one test row a calibration: coverage is a promise over both
        said, wanted = classes(120, sharpness, generator)
        state = fit_conformal("multiclass", said[:100], wanted[:100], np.ones(100), 0)
        draws = generator.random(20)
        found = covered(prediction_sets(state, said[100:], level, draws), wanted[100:])
        hits, count = hits + int(found[0]), count + 1
    assert within(hits, count, level)


def test_constant_predictions_are_covered_exactly_with_draws_and_held_together_without() -> None:
    generator = np.random.default_rng(0)
    label = (generator.random(20_000) < 0.3).astype(int)
    said, wanted = np.tile([0.7, 0.3], (20_000, 1)), np.eye(2)[label]
    state = fit_conformal("binary", said[:10_000], wanted[:10_000], np.ones(10_000), 0)
    draws = generator.random(10_000)
    assert covered(prediction_sets(state, said[10_000:], 0.9, draws), wanted[10_000:]).mean() == pytest.approx(
        0.9, abs=0.02
    )
    assert prediction_sets(state, said[10_000:], 0.9).all()


def test_sets_are_those_of_the_finite_sample_quantile() -> None:
    generator = np.random.default_rng(3)
    said, wanted = classes(99, 1.0, generator)
    scores = np.sort(1 - said[np.arange(99), wanted.argmax(1)])
    threshold = scores[int(np.ceil(100 * 0.9)) - 1]
    fresh, _ = classes(500, 1.0, generator)
    state = fit_conformal("multiclass", said, wanted, np.ones(99), 0)
    assert (prediction_sets(state, fresh, 0.9) == (1 - fresh <= threshold)).all()


def test_too_few_rows_rule_nothing_out() -> None:
    said, wanted = classes(5, 1.0, np.random.default_rng(0))
    state = fit_conformal("multiclass", said, wanted, np.ones(5), 0)
    assert prediction_sets(state, said, 0.9).all()
    values = fit_conformal("regression", said[:, :1], wanted[:, :1], np.ones(5), 0)
    assert np.isinf(prediction_intervals(values, said[:, :1], 0.9)).all()
    nothing = fit_conformal("binary", said[:0], wanted[:0], np.ones(0), 0)
    assert prediction_sets(nothing, said, 0.9).all()


def test_labels_that_are_there_are_held_label_by_label() -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(8000, 3)) * 2 + [-3.0, 0.0, 1.0]
    truth = generator.random((8000, 3)) < special.expit(logits)
    said = special.expit(logits * [3.0, 0.5, 1.0])
    state = fit_conformal("multilabel", said[:4000], truth[:4000].astype(float), np.ones(4000), 0)
    sets = prediction_sets(state, said[4000:], 0.9, generator.random(4000))
    for k in range(3):
        there = truth[4000:, k]
        assert sets[there, k].mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 * 2 / there.sum()) + 0.01)


def values(rows: int, generator):
    """The spread grows with the predicted value, and is skewed."""
    said = generator.uniform(0, 10, size=rows)
    return said[:, None], (said + (0.2 + said / 4) * (generator.exponential(size=rows) - 1))[:, None]


def test_intervals_of_values_cover_everywhere_along_the_prediction() -> None:
    generator = np.random.default_rng(0)
    said, wanted = values(4000, generator)
    state = fit_conformal("regression", said, wanted, np.ones(4000), 0)
    fresh, truth = values(20_000, generator)
    ends = prediction_intervals(state, fresh, 0.9)
    inside = (ends[:, 0] <= truth[:, 0]) & (truth[:, 0] <= ends[:, 1])
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    for low in (0, 3, 7):
        assert inside[(fresh[:, 0] >= low) & (fresh[:, 0] < low + 3)].mean() == pytest.approx(0.9, abs=0.045)
    width = ends[:, 1] - ends[:, 0]
    assert width[fresh[:, 0] > 9].mean() > 3 * width[fresh[:, 0] < 1].mean()


def test_quantiles_rise_and_hold_their_share() -> None:
    generator = np.random.default_rng(5)
    said, wanted = values(4000, generator)
    state = fit_conformal("regression", said, wanted, np.ones(4000), 0)
    fresh, truth = values(20_000, generator)
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    found = quantiles(state, fresh, levels)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (truth <= found).mean(0) == pytest.approx(levels, abs=0.02)


def test_small_samples_of_values_cover_at_least_what_they_promise() -> None:
    generator = np.random.default_rng(9)
    hits = 0
    for _ in range(400):
        said, wanted = values(60, generator)
        state = fit_conformal("regression", said[:59], wanted[:59], np.ones(59), 0)
        low, high = prediction_intervals(state, said[59:], 0.9)[0]
        hits += low <= wanted[59, 0] <= high
    assert hits >= stats.binom.ppf(0.001, 400, 0.9)
    assert hits <= stats.binom.ppf(0.999, 400, 0.94)


def test_many_scores_are_kept_compact_and_mean_the_same() -> None:
    generator = np.random.default_rng(0)
    said, wanted = classes(30_000, 1.0, generator)
    state = json.loads(json.dumps(fit_conformal("multiclass", said, wanted, np.ones(30_000), 0)))
    assert len(state["rule"]["values"]) <= 2000
    scores = np.sort(1 - said[np.arange(30_000), wanted.argmax(1)])
    sets = prediction_sets(state, said, 0.9)
    assert (sets == (1 - said <= scores[27_000])).mean() > 0.999


def test_groups_with_rows_enough_have_a_rule_of_their_own() -> None:
    generator = np.random.default_rng(4)
    easy, hard = classes(3000, 6.0, generator), classes(3000, 0.5, generator)
    said, wanted = (np.concatenate([easy[i], hard[i]]) for i in range(2))
    codes = np.repeat(["a", "b"], 3000)
    codes[:20] = "rare"
    calibration = np.arange(6000) % 2 == 0
    rows, test = np.flatnonzero(calibration), np.flatnonzero(~calibration)
    state = fit_conformal_by_group("multiclass", said[rows], wanted[rows], np.ones(3000), 0, codes[rows])
    assert sorted(state["groups"]) == ["a", "b"]
    together = covered(prediction_sets(state["overall"], said[test], 0.9), wanted[test])
    seen = 0
    for place, own in by_group(state, codes[test]):
        seen += len(place)
        if len(place) > 100:
            found = covered(prediction_sets(own, said[test][place], 0.9), wanted[test][place])
            assert found.mean() == pytest.approx(0.9, abs=0.03)
            assert abs(together[place].mean() - 0.9) > 0.04
    assert seen == len(test)


def test_weights_count_as_rows() -> None:
    generator = np.random.default_rng(0)
    said, wanted = classes(200, 1.0, generator)
    weight = np.ones(200)
    weight[:50] = 0
    some = fit_conformal("multiclass", said, wanted, weight, 0)
    assert some == fit_conformal("multiclass", said[50:], wanted[50:], np.ones(150), 0)
    weight[50:100] = 2.0
    state = fit_conformal("multiclass", said, wanted, weight, 0)
    assert sum(state["rule"]["mass"]) == pytest.approx(150)


def test_thresholds_agree_with_mapie() -> None:
    pytest.importorskip("mapie")
    from mapie.classification import SplitConformalClassifier
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    x = generator.normal(size=(900, 3))
    y = (x[:, 0] + generator.normal(size=900) > 0).astype(int) + (x[:, 1] > 1)
    model = LogisticRegression().fit(x[:300], y[:300])
    peer = SplitConformalClassifier(model, confidence_level=0.9, conformity_score="lac", prefit=True)
    peer.conformalize(x[300:600], y[300:600])
    _, sets = peer.predict_set(x[600:])
    state = fit_conformal("multiclass", model.predict_proba(x[300:600]), np.eye(3)[y[300:600]], np.ones(300), 0)
    assert (prediction_sets(state, model.predict_proba(x[600:]), 0.9) == sets[:, :, 0]).all()
