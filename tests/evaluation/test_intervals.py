from __future__ import annotations

import time

import numpy as np
import pytest

from consilience.evaluation.intervals import FEWEST, difference, planned_resamples, with_intervals
from consilience.tasks.metrics import METRICS, scores


def binary(rows: int, signal: float = 1.5, seed: int = 0):
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 2, rows)
    one = 1 / (1 + np.exp(-(generator.normal(size=rows) + signal * (2 * label - 1))))
    return np.eye(2)[label], np.stack([1 - one, one], 1)


def test_values_are_the_scores_and_lie_inside_their_interval() -> None:
    target, shares = binary(300)
    found = with_intervals("binary", target, np.ones(300), shares, seed=0)
    plain = scores("binary", target, np.ones(300), shares)
    assert tuple(found) == METRICS["binary"]
    for name, interval in found.items():
        assert interval["value"] == plain[name]
        assert interval["low"] <= interval["value"] <= interval["high"]


def test_accuracy_interval_has_the_width_of_a_binomial() -> None:
    target, shares = binary(400, signal=1.0)
    found = with_intervals("binary", target, np.ones(400), shares, seed=1)["accuracy"]
    error = np.sqrt(found["value"] * (1 - found["value"]) / 400)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        target = generator.normal(size=(200, 1))
        given = target + generator.normal(0, 2, (200, 1))
        found = with_intervals("regression", target, np.ones(200), given, seed, resamples=200)["rmse"]
        inside += found["low"] <= 2 <= found["high"]
    assert 50 <= inside <= 60


def test_same_seed_same_bits_other_seed_other_bits() -> None:
    target, shares = binary(100)
    one, two, other = (with_intervals("binary", target, np.ones(100), shares, seed, resamples=50) for seed in (3, 3, 4))
    assert one == two
    assert one != other


def test_clusters_widen_the_interval() -> None:
    generator = np.random.default_rng(2)
    member = np.repeat(np.arange(40), 25)
    offset = generator.normal(0, 1, 40)[member]
    target = np.zeros((1000, 1))
    given = (offset + generator.normal(0, 0.1, 1000))[:, None]
    names = np.array([f"patient {m}" for m in member])
    rows = with_intervals("regression", target, np.ones(1000), given, 0)["mae"]
    whole = with_intervals("regression", target, np.ones(1000), given, 0, clusters=names)["mae"]
    assert whole["high"] - whole["low"] > 3 * (rows["high"] - rows["low"])


def test_unlabelled_rows_change_nothing() -> None:
    target, shares = binary(200)
    weight = np.ones(200)
    weight[::3] = 0
    kept = weight > 0
    assert with_intervals("binary", target, weight, shares, 0, 60) == with_intervals(
        "binary", target[kept], np.ones(kept.sum()), shares[kept], 0, 60
    )


def test_nothing_labelled_gives_nan() -> None:
    found = with_intervals("binary", np.zeros((5, 2)), np.zeros(5), np.zeros((5, 2)), 0)
    assert all(np.isnan(list(interval.values())).all() for interval in found.values())


def test_a_metric_undefined_in_some_resamples_still_has_an_interval() -> None:
    target = np.eye(2)[[0] * 12 + [1]]
    shares = np.linspace([0.9, 0.1], [0.1, 0.9], 13)
    found = with_intervals("binary", target, np.ones(13), shares, 0)["roc_auc"]
    assert found["value"] == 1
    assert np.isfinite([found["low"], found["high"]]).all()


def test_difference_is_positive_where_the_first_is_better() -> None:
    target, good = binary(600, signal=2.0)
    poor = 0.5 * good + 0.5 * np.roll(good, 1, axis=0)
    weight = np.ones(600)
    for metric in ("roc_auc", "accuracy", "log_loss"):
        found = difference("binary", metric, target, weight, good, poor, 0)
        assert found["low"] > 0
        assert found["low"] < found["value"] < found["high"]
        back = difference("binary", metric, target, weight, poor, good, 0)
        assert back["value"] == pytest.approx(-found["value"])
    same = difference("binary", "roc_auc", target, weight, good, good, 0)
    assert same == {"value": 0, "low": 0, "high": 0}


def test_pairing_makes_the_difference_narrow() -> None:
    target, shares = binary(500, signal=1.0)
    near = np.clip(shares + 0.01 * np.random.default_rng(0).normal(size=(500, 1)) * [1, -1], 0, 1)
    paired = difference("binary", "roc_auc", target, np.ones(500), shares, near, 0)
    alone = with_intervals("binary", target, np.ones(500), shares, 0)["roc_auc"]
    assert paired["high"] - paired["low"] < 0.2 * (alone["high"] - alone["low"])


def test_very_large_tables_get_fewer_resamples() -> None:
    assert planned_resamples(10_000, 10) == 1000
    assert planned_resamples(100_000, 2) == 1000
    assert planned_resamples(2_000_000, 2) == FEWEST
    assert planned_resamples(500, 2, asked=50) == 50


@pytest.mark.parametrize(("kind", "rows", "outputs", "limit"), [("multiclass", 10_000, 10, 6.0)])
def test_all_metrics_of_a_large_test_set_take_seconds(kind: str, rows: int, outputs: int, limit: float) -> None:
    generator = np.random.default_rng(0)
    target = np.eye(outputs)[generator.integers(0, outputs, rows)]
    shares = np.exp(generator.normal(size=(rows, outputs)) + target)
    began = time.process_time()
    with_intervals(kind, target, np.ones(rows), shares / shares.sum(1, keepdims=True), 0)
    assert time.process_time() - began < limit  # 1 s on an idle core
