from __future__ import annotations

import numpy as np
import pytest

from consilience.artifacts.stack import combine, fit_weights


def sources(rows: int, noises: dict[str, float], seed: int = 0):
    """Two-class predictions from a noisy view of the truth each."""
    generator = np.random.default_rng(seed)
    truth = 2 * generator.normal(size=rows)
    label = (generator.random(rows) < 1 / (1 + np.exp(-truth))).astype(int)
    found = {}
    for name, noise in noises.items():
        one = 1 / (1 + np.exp(-(truth + noise * generator.normal(size=rows)) / (1 + noise)))
        found[name] = np.stack([1 - one, one], 1).astype(np.float32)
    return np.eye(2)[label], found


def log_loss(target, shares) -> float:
    return float(-(target * np.log(shares)).sum(1).mean())


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_weights_are_a_mixture_and_repeatable(kind: str) -> None:
    target, found = sources(200, {"network": 1.0, "linear": 0.5, "trees": 2.0})
    first, second = (fit_weights(kind, found, target, np.ones(200)) for _ in range(2))
    assert first == second
    assert list(first) == ["network", "linear", "trees"]
    assert sum(first.values()) == pytest.approx(1)
    assert min(first.values()) >= 0


def test_equal_sources_share_and_a_useless_one_gets_nothing() -> None:
    target, found = sources(800, {"a": 1.0, "b": 1.0, "c": 1.0})
    useless = np.random.default_rng(5).random((800, 1))
    weights = fit_weights("binary", {**found, "noise": np.hstack([useless, 1 - useless])}, target, np.ones(800))
    assert weights["noise"] == 0
    assert all(0.2 < weights[name] < 0.5 for name in "abc")


def test_the_stack_is_at_least_as_good_as_the_best_source_on_new_rows() -> None:
    gains = []
    for seed in range(8):
        target, found = sources(1300, {"a": 0.8, "b": 1.0, "c": 3.0}, seed)
        weights = fit_weights("binary", {n: p[:300] for n, p in found.items()}, target[:300], np.ones(300))
        new = {n: p[300:] for n, p in found.items()}
        best = min(log_loss(target[300:], p) for p in new.values())
        gains.append(best - log_loss(target[300:], combine(new, weights)))
    assert np.mean(gains) > 0.002


def test_twenty_rows_do_not_pick_a_lucky_source() -> None:
    spread = []
    for seed in range(10):
        target, found = sources(20, {"a": 1.0, "b": 1.0, "c": 1.0}, seed)
        spread.append(max(fit_weights("binary", found, target, np.ones(20)).values()))
    assert np.mean(spread) < 0.65


def test_regression_weights_do_not_depend_on_the_unit() -> None:
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(150, 1))
    found = {n: truth + s * generator.normal(size=(150, 1)) for n, s in (("a", 0.5), ("b", 0.7), ("c", 3.0))}
    small = fit_weights("regression", found, truth, np.ones(150))
    large = fit_weights("regression", {n: 1e6 * p + 5 for n, p in found.items()}, 1e6 * truth + 5, np.ones(150))
    assert small == pytest.approx(large, abs=1e-3)
    assert small["a"] > small["b"] > small["c"]


def test_unlabelled_rows_count_nothing() -> None:
    target, found = sources(100, {"a": 0.5, "b": 2.0})
    weight = np.ones(100)
    weight[50:] = 0
    half = fit_weights("binary", {n: p[:50] for n, p in found.items()}, target[:50], np.ones(50))
    assert fit_weights("binary", found, target, weight) == half
    assert fit_weights("binary", found, target, np.zeros(100)) == {"a": 0.5, "b": 0.5}


def test_a_single_source_has_weight_one() -> None:
    target, found = sources(30, {"only": 1.0})
    assert fit_weights("binary", found, target, np.ones(30)) == {"only": 1.0}


def test_certain_and_wrong_sources_are_survived() -> None:
    target, found = sources(60, {"a": 1.0})
    weights = fit_weights("binary", {**found, "liar": 1 - target}, target, np.ones(60))
    assert weights["a"] > 0.9


def test_combine_needs_every_weighted_source() -> None:
    with pytest.raises(KeyError):
        combine({"a": np.ones((2, 2))}, {"a": 0.5, "b": 0.5})
    mixed = combine({"a": np.zeros((1, 2)), "b": np.ones((1, 2)), "unused": np.ones((1, 2))}, {"a": 0.25, "b": 0.75})
    assert mixed.tolist() == [[0.75, 0.75]]
