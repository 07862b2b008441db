from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from consilience.tasks.metrics import HIGHER_IS_BETTER, METRICS, PRIMARY, Judge, scores

KINDS = [kind for kind in METRICS if kind not in ("text", "boxes", "forecast")]


def classes(rows: int, count: int, seed: int = 0, ties: bool = False, missing: int | None = None):
    generator = np.random.default_rng(seed)
    label = generator.integers(0, count, rows)
    if missing is not None:
        label[label == missing] = (missing + 1) % count
    target = np.eye(count, dtype=np.float32)[label]
    raw = np.exp(generator.normal(size=(rows, count)) + 1.5 * target)
    shares = raw / raw.sum(1, keepdims=True)
    if ties:
        shares = np.round(shares, 1) + 1e-3
        shares = shares / shares.sum(1, keepdims=True)
    return label, target, shares.astype(np.float32)


def averaged(label, said, weight=None):
    found = {}
    for average in ("macro", "micro", "weighted"):
        three = reference.precision_recall_fscore_support(
            label, said, average=average, zero_division=0, sample_weight=weight
        )
        for name, value in zip(("precision", "recall", "f1"), three[:3], strict=True):
            found[f"{name}_{average}"] = value
    return found


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_agrees_with_scikit_learn(ties: bool, weighted: bool) -> None:
    label, target, shares = classes(400, 2, ties=ties)
    weight = np.random.default_rng(1).uniform(0.2, 3, 400) if weighted else np.ones(400)
    said, one = shares.argmax(1), shares[:, 1]
    wanted = {
        "accuracy": reference.accuracy_score(label, said, sample_weight=weight),
        "balanced_accuracy": reference.balanced_accuracy_score(label, said, sample_weight=weight),
        **averaged(label, said, weight),
        "roc_auc": reference.roc_auc_score(label, one, sample_weight=weight),
        "pr_auc": reference.average_precision_score(label, one, sample_weight=weight),
        "matthews": reference.matthews_corrcoef(label, said, sample_weight=weight),
        "log_loss": reference.log_loss(label, one.astype(np.float64), sample_weight=weight),
        "brier": reference.brier_score_loss(label, one, sample_weight=weight),
    }
    found = scores("binary", target, weight, shares)
    assert tuple(found) == METRICS["binary"]
    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("ties", [False, True])
def test_multiclass_agrees_with_scikit_learn(ties: bool) -> None:
    label, target, shares = classes(500, 5, ties=ties)
    said, wide = shares.argmax(1), shares.astype(np.float64)
    wide = wide / wide.sum(1, keepdims=True)  # scikit-learn asks for sums of one in float64
    wanted = {
        "accuracy": reference.accuracy_score(label, said),
        "balanced_accuracy": reference.balanced_accuracy_score(label, said),
        **averaged(label, said),
        "roc_auc": reference.roc_auc_score(label, wide, multi_class="ovr", average="macro"),
        "pr_auc": reference.average_precision_score(target, wide, average="macro"),
        "matthews": reference.matthews_corrcoef(label, said),
        "log_loss": reference.log_loss(label, wide),
        "brier": float(((wide - target) ** 2).sum(1).mean()),
    }
    assert scores("multiclass", target, np.ones(500), wide) == pytest.approx(wanted, abs=1e-6)


def test_a_class_missing_from_the_test_rows() -> None:
    label, target, shares = classes(300, 4, missing=2)
    found = scores("multiclass", target, np.ones(300), shares)
    said = shares.argmax(1)
    assert found["f1_macro"] == pytest.approx(averaged(label, said)["f1_macro"])
    assert found["balanced_accuracy"] == pytest.approx(np.mean([(said[label == k] == k).mean() for k in (0, 1, 3)]))
    areas = [reference.roc_auc_score(label == k, shares[:, k]) for k in (0, 1, 3)]
    assert found["roc_auc"] == pytest.approx(np.mean(areas), abs=1e-6)


def test_multilabel_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    target = (generator.random((300, 6)) < 0.3).astype(np.float32)
    shares = np.clip(0.35 * target + 0.65 * generator.random((300, 6)), 0, 1).astype(np.float32)
    said = shares >= 0.5
    wide = shares.astype(np.float64)
    wanted = {
        "accuracy": reference.accuracy_score(target, said),
        "hamming_loss": reference.hamming_loss(target, said),
        **averaged(target, said),
        "roc_auc": reference.roc_auc_score(target, wide, average="macro"),
        "pr_auc": reference.average_precision_score(target, wide, average="macro"),
        "log_loss": np.mean([reference.log_loss(target[:, k], wide[:, k]) for k in range(6)]),
        "brier": float(((wide - target) ** 2).mean()),
    }
    found = scores("multilabel", target, np.ones(300), shares)
    assert tuple(found) == METRICS["multilabel"]
    assert found == pytest.approx(wanted, abs=1e-6)


def concordance(target: Any, given: Any, weight: Any) -> float:
    """Every pair looked at, one by one."""
    right = pairs = 0.0
    for i in range(len(target)):
        above = target > target[i]
        gap = given[above] - given[i]
        right += weight[i] * (weight[above] * ((gap > 0) + 0.5 * (gap == 0))).sum()
        pairs += weight[i] * weight[above].sum()
    return right / pairs


def test_concordance_with_ties_and_weights_agrees_with_counting_pairs() -> None:
    generator = np.random.default_rng(3)
    target = np.round(generator.normal(size=(150, 1)), 1)
    given = np.round(target + generator.normal(size=target.shape), 1)
    weight = generator.integers(0, 4, 150).astype(float)
    found = scores("regression", target, weight, given)["concordance"]
    assert found == pytest.approx(concordance(target[:, 0], given[:, 0], weight), rel=1e-12)
    assert scores("regression", target, weight, np.zeros_like(given))["concordance"] == 0.5
    assert np.isnan(scores("regression", np.ones_like(target), weight, given)["concordance"])


@pytest.mark.parametrize("rows", [200, 201])
def test_regression_agrees_with_scikit_learn(rows: int) -> None:
    generator = np.random.default_rng(4)
    target = generator.normal(1e4, 30, (rows, 1))
    given = target + generator.normal(0, 10, (rows, 1))
    wanted = {
        "rmse": reference.root_mean_squared_error(target, given),
        "mae": reference.mean_absolute_error(target, given),
        "median_absolute_error": reference.median_absolute_error(target, given),
        "r2": reference.r2_score(target, given),
        "concordance": concordance(target[:, 0], given[:, 0], np.ones(rows)),
    }
    assert scores("regression", target, np.ones(rows), given) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_weight_zero_are_not_there(kind: str) -> None:
    generator = np.random.default_rng(5)
    outputs = {"binary": 2, "multiclass": 4, "multilabel": 3, "regression": 1}[kind]
    _, target, shares = classes(120, max(outputs, 2))
    target, shares = target[:, :outputs], shares[:, :outputs]
    if kind == "regression":
        target = generator.normal(size=(120, 1))
    keep = generator.random(120) < 0.6
    assert scores(kind, target, keep.astype(np.float32), shares) == pytest.approx(
        scores(kind, target[keep], np.ones(keep.sum()), shares[keep])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_counts_mean_the_same_as_repeated_rows(kind: str) -> None:
    generator = np.random.default_rng(6)
    outputs = {"binary": 2, "multiclass": 4, "multilabel": 3, "regression": 1}[kind]
    _, target, shares = classes(80, max(outputs, 2), ties=True)
    target, shares = target[:, :outputs], shares[:, :outputs]
    if kind == "regression":
        target = generator.normal(size=(80, 1))
    counts = generator.integers(0, 4, 80)
    repeated = np.repeat(np.arange(80), counts)
    found = Judge(kind, target, np.ones(80), shares).at(counts.astype(np.float64))
    assert found == pytest.approx(scores(kind, target[repeated], np.ones(len(repeated)), shares[repeated]), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_judge_is_nan(kind: str) -> None:
    outputs = 1 if kind == "regression" else 2
    empty = scores(kind, np.zeros((3, outputs)), np.zeros(3), np.zeros((3, outputs)))
    assert tuple(empty) == METRICS[kind]
    assert np.isnan(list(empty.values())).all()


def test_one_sided_rows_leave_the_ranking_undefined() -> None:
    found = scores("binary", np.array([[1.0, 0], [1, 0]]), np.ones(2), np.array([[0.9, 0.1], [0.4, 0.6]]))
    assert np.isnan(found["roc_auc"])
    assert np.isnan(found["pr_auc"])
    assert found["accuracy"] == 0.5
    constant = scores("regression", np.ones((3, 1)), np.ones(3), np.zeros((3, 1)))
    assert np.isnan(constant["r2"])
    assert constant["rmse"] == 1


def test_certain_and_wrong_is_finite() -> None:
    found = scores("binary", np.array([[1.0, 0], [0, 1]]), np.ones(2), np.array([[0.0, 1], [1, 0]]))
    assert found["log_loss"] == pytest.approx(-np.log(np.finfo(np.float32).eps))
    assert found["roc_auc"] == 0


def test_directions_and_primaries_cover_every_metric() -> None:
    for kind, names in METRICS.items():
        assert set(names) <= set(HIGHER_IS_BETTER)
        assert PRIMARY[kind] in names
    assert not HIGHER_IS_BETTER["log_loss"]
    assert HIGHER_IS_BETTER["r2"]


def test_one_metric_alone_is_the_same_figure() -> None:
    _, target, shares = classes(90, 3)
    every = scores("multiclass", target, np.ones(90), shares)
    for name in METRICS["multiclass"]:
        assert Judge("multiclass", target, np.ones(90), shares, only=name).at() == {name: every[name]}


def test_matthews_correlation_of_one_predicted_class_is_zero() -> None:
    target = np.eye(2)[[0, 1, 1, 0]]
    found = scores("binary", target, np.ones(4), np.tile([0.3, 0.7], (4, 1)))
    assert found["matthews"] == 0
    assert found["accuracy"] == 0.5
    assert scores("binary", target, np.ones(4), target)["matthews"] == pytest.approx(1)
    assert scores("binary", target, np.ones(4), 1 - target)["matthews"] == pytest.approx(-1)
