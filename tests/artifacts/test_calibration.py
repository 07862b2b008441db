from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import special
from sklearn.metrics import log_loss, roc_auc_score

from consilience.artifacts.calibration import calibrate, fit_calibration
from consilience.artifacts.calibrators import apply, fit_biased, fit_isotonic, fit_temperature, scores


def simulate(rows: int, temperature: float, classes: int = 4, seed: int = 0):
    """Logits whose softmax is the truth, given as softmax(logits × temperature): too sure where it is above 1."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes)) * 1.5
    truth = special.softmax(logits, axis=1)
    label = (truth.cumsum(1) > generator.random((rows, 1))).argmax(1)
    return special.softmax(logits * temperature, axis=1), np.eye(classes)[label]


def two(rows: int, temperature: float, bias: float = 0.0, seed: int = 0):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=rows) * 2
    label = (generator.random(rows) < special.expit(logits)).astype(int)
    one = special.expit(logits * temperature + bias)
    return np.stack([1 - one, one], 1), np.eye(2)[label]


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    said, wanted = simulate(8000, temperature)
    state = fit_calibration("multiclass", said, wanted, np.ones(8000), 0)
    assert state["method"] == "temperature"
    assert 1 / state["slope"][0] == pytest.approx(temperature, rel=0.05)
    fresh, truth = simulate(8000, temperature, seed=1)
    honest, _ = simulate(8000, 1.0, seed=1)
    assert log_loss(truth.argmax(1), calibrate(state, fresh)) < log_loss(truth.argmax(1), fresh) - 0.01
    assert np.abs(calibrate(state, fresh) - honest).max() < 0.02


@pytest.mark.parametrize("rows", [10, 60, 400, 3000])
def test_honest_probabilities_are_left_alone(rows: int) -> None:
    said, wanted = simulate(rows, 1.0)
    state = fit_calibration("multiclass", said, wanted, np.ones(rows), 0)
    assert state["method"] in ("none", "temperature")
    assert np.abs(calibrate(state, said) - said).max() < max(0.03, 0.5 / np.sqrt(rows))


def test_a_shifted_class_needs_a_bias_and_a_bent_curve_needs_more() -> None:
    said, wanted = two(2000, 1.0, bias=1.5)
    state = fit_calibration("binary", said, wanted, np.ones(2000), 0)
    assert state["method"] == "biased"
    assert state["bias"][0] == pytest.approx(-1.5, abs=0.2)
    bent = np.stack([1 - said[:, 1] ** 6, said[:, 1] ** 6], 1)
    bent = np.where(np.abs(said[:, 1:] - 0.5) < 0.3, 0.5 + (bent - 0.5) * 0.05, bent)
    bent /= bent.sum(1, keepdims=True)
    assert fit_calibration("binary", bent, wanted, np.ones(2000), 0)["method"] in ("biased", "isotonic")
    wave = 0.5 + 0.5 * np.sign(said[:, 1] - 0.5) * np.abs(2 * said[:, 1] - 1) ** 5
    waves = np.stack([1 - wave, wave], 1)
    assert fit_calibration("binary", waves, wanted, np.ones(2000), 0)["method"] == "isotonic"


@pytest.mark.parametrize("fit", [fit_temperature, fit_biased, fit_isotonic])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 12.0])
def test_no_calibrator_changes_the_ranking_of_two_classes(fit, temperature: float) -> None:
    said, wanted = two(1500, temperature)
    said = said.astype(np.float32)
    one, label = said[:, 1:].astype(np.float64), wanted[:, 1:]
    state = fit(True, scores(True, one), label, np.ones(len(one)))
    found = apply(True, state, one)
    assert roc_auc_score(label[:, 0], found[:, 0]) == pytest.approx(roc_auc_score(label[:, 0], one[:, 0]), abs=1e-12)
    assert len(np.unique(found)) == len(np.unique(one))
    assert found.min() >= 0
    assert found.max() <= 1


def test_isotonic_agrees_with_scikit_learn_on_many_rows() -> None:
    from sklearn.isotonic import IsotonicRegression

    said, wanted = two(20_000, 3.0)
    state = fit_isotonic(True, scores(True, said[:, 1:]), wanted[:, 1:], np.ones(20_000))
    reference = IsotonicRegression().fit(said[:, 1], wanted[:, 1]).predict(said[:, 1])
    found = apply(True, state, said[:, 1:])[:, 0]
    assert np.abs(found - reference).mean() < 0.01
    assert np.quantile(np.abs(found - reference), 0.95) < 0.03


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_a_state_is_plain_json_repeatable_and_gives_probabilities(kind: str) -> None:
    generator = np.random.default_rng(0)
    said, wanted = (two if kind == "binary" else simulate)(1200, 3.0)
    if kind == "multilabel":
        said = special.expit(generator.normal(size=(1200, 3)) * 3)
        wanted = (generator.random((1200, 3)) < 0.4).astype(float)
    weight = generator.random(1200) * (generator.random(1200) < 0.9)
    first, second = (fit_calibration(kind, said.astype(np.float32), wanted, weight, 7) for _ in range(2))
    state = json.loads(json.dumps(first))
    assert state == first == second
    found = calibrate(state, said)
    assert found.shape == said.shape
    assert np.isfinite(found).all()
    if kind in ("binary", "multiclass"):
        assert found.sum(1) == pytest.approx(1, abs=1e-9)
    if kind == "regression":
        assert (found == said).all()


def test_rows_without_weight_count_nothing_and_zeros_and_ones_are_survived() -> None:
    said, wanted = two(600, 3.0)
    said[:20] = [0.0, 1.0]
    said[20:40] = [1.0, 0.0]
    weight = np.ones(600)
    weight[300:] = 0
    half = fit_calibration("binary", said[:300], wanted[:300], np.ones(300), 0)
    upside = wanted.copy()
    upside[300:] = 1 - upside[300:]
    state = fit_calibration("binary", said, upside, weight, 0)
    assert state["method"] == half["method"]
    assert state.get("slope") == pytest.approx(half.get("slope"))
    assert np.isfinite(calibrate(state, said)).all()
