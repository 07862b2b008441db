from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression, Ridge

from consilience.references import solvers
from consilience.references.base import Rows
from consilience.references.linear import Linear, _valley
from consilience.references.solvers import Problem, apply, loss, solve


def problem(rows: int, columns: int, link: str, outputs: int, seed: int = 0) -> Problem:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, columns)).astype(np.float32)
    truth = features @ random.normal(size=(columns, outputs)) + random.normal(size=(rows, outputs))
    target = truth
    if link == "softmax":
        target = np.eye(outputs)[truth.argmax(1)]
    elif link == "sigmoid":
        target = (truth > 0).astype(np.float64)
    return Problem(features, target, random.uniform(0.5, 2, rows), link)


@pytest.mark.parametrize("outputs", [2, 4])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_matrix])
def test_logistic_regression_is_scikit_learns(outputs: int, wrap) -> None:
    given = problem(300, 8, "softmax", outputs)
    found = solve(given._replace(features=wrap(given.features)), 2.0)
    wanted = LogisticRegression(C=2.0, tol=1e-8, max_iter=1000).fit(
        given.features, given.target.argmax(1), sample_weight=given.weight
    )
    assert np.allclose(apply(given.features, found), wanted.predict_proba(given.features), atol=0.01)


def test_ridge_is_scikit_learns() -> None:
    given = problem(200, 5, "identity", 1)
    found = solve(given, 0.5)
    wanted = Ridge(alpha=2.0, tol=1e-8).fit(given.features, given.target[:, 0], sample_weight=given.weight)
    assert np.allclose(found.coefficients[:, 0], wanted.coef_, atol=0.01)


@pytest.mark.parametrize(("link", "outputs"), [("softmax", 2), ("sigmoid", 3)])
def test_both_solvers_find_the_same_model(link: str, outputs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = problem(300, 40, link, outputs)
    given = given._replace(features=sparse.csr_matrix(given.features))
    slow = apply(given.features, solve(given, 0.3))
    monkeypatch.setattr(solvers, "WIDE", 10)
    quick = solve(given, 0.3)
    assert quick.form == ("two_classes" if link == "softmax" else "sigmoid")
    assert np.allclose(apply(given.features, quick), slow, atol=0.05)


def test_one_against_the_rest_sums_to_one_and_survives_absent_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solvers, "WIDE", 3)
    given = problem(100, 6, "softmax", 3)
    given = given._replace(
        features=sparse.csr_matrix(given.features), target=np.hstack([given.target, np.zeros((100, 1))])
    )
    found = apply(given.features, solve(given, 1.0))
    assert np.allclose(found.sum(1), 1)
    assert found[:, 3].max() < 0.05


def test_soft_targets_pull_predictions_to_their_shares() -> None:
    given = Problem(np.zeros((10, 1), np.float32), np.tile([0.3, 0.7], (10, 1)), np.ones(10), "softmax")
    assert apply(given.features, solve(given, 1.0))[0] == pytest.approx([0.3, 0.7], abs=1e-3)


def test_loss_of_each_link() -> None:
    ones = np.ones(2)
    assert loss(np.array([[0.5, 0.5]] * 2), np.eye(2), ones, "softmax") == pytest.approx(np.log(2))
    assert loss(np.array([[0.5], [0.5]]), np.eye(2)[:, :1], ones, "sigmoid") == pytest.approx(np.log(2))
    assert loss(np.array([[1.0], [3]]), np.zeros((2, 1)), np.array([3.0, 1]), "identity") == 3


def test_the_valley_of_a_parabola() -> None:
    grid = (1.0, 10.0, 100.0)
    losses = [(np.log10(g) - 1.25) ** 2 for g in grid]
    assert _valley(grid, losses) == pytest.approx(10**1.25)
    assert _valley(grid, [1.0, 2.0]) == 1
    assert _valley(grid, [3.0, 2.0, 1.0]) == 100


def test_chinese_and_english_text_are_learned_from_characters() -> None:
    good, bad = (
        ["房间很干净,喜欢", "服务热情,很满意", "lovely staff"],
        ["房间很脏,失望", "服务很差", "rude staff"],
    )
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 200)
    texts = pl.Series("t", [(good if y else bad)[random.integers(3)] + str(random.integers(99)) for y in label])
    model = Linear(Linear.Config(), {"groups": {"g": {"modality": "text", "columns": ["t"]}}}, "binary")
    model.fit(Rows({}, {"t": texts}), np.eye(2)[label], np.ones(200), 0, 1)
    new = Rows({}, {"t": pl.Series("t", ["很满意,干净", "很脏,很差", "lovely", "rude"])})
    assert (model.predict(new)[:, 1] > 0.5).tolist() == [True, False, True, False]


def test_a_fixed_strength_is_used_as_given() -> None:
    groups = {"g": {"modality": "number", "columns": ["a"]}}
    model = Linear(Linear.Config(strength=7.5), {"groups": groups}, "regression")
    value = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    rows = Rows({"g": {"value": value, "mask": np.ones((30, 1), bool)}}, {})
    model.fit(rows, 3 + 2 * value, np.ones(30), 0, 1)
    assert model.strength == 7.5
    assert np.abs(model.predict(rows) - (3 + 2 * value)).max() < 0.1


def test_outliers_and_constant_columns_do_no_harm() -> None:
    random = np.random.default_rng(0)
    value = np.stack([random.normal(size=200), np.full(200, 1e6), random.normal(size=200)], 1)
    label = (value[:, 0] > 0).astype(int)
    value[5, 2] = 1e30
    groups = {"g": {"modality": "number", "columns": ["a", "b", "c"]}}
    rows = Rows({"g": {"value": value.astype(np.float32), "mask": np.ones((200, 3), bool)}}, {})
    model = Linear(Linear.Config(), {"groups": groups}, "binary")
    model.fit(rows, np.eye(2)[label], np.ones(200), 0, 1)
    assert ((model.predict(rows)[:, 1] > 0.5) == label).mean() > 0.95


@pytest.mark.parametrize(("kind", "outputs"), [("binary", 2), ("multiclass", 3), ("regression", 1)])
def test_no_rows_are_predicted_in_the_form_of_many(kind: str, outputs: int) -> None:
    value = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    target = np.eye(outputs)[np.arange(30) % outputs] if outputs > 1 else value
    model = Linear(Linear.Config(strength=1.0), {"groups": {"g": {"modality": "number", "columns": ["a"]}}}, kind)
    rows = Rows({"g": {"value": value, "mask": np.ones((30, 1), bool)}}, {})
    model.fit(rows, target, np.ones(30), 0, 1)
    none = Rows({"g": {"value": value[:0], "mask": np.ones((0, 1), bool)}}, {})
    assert model.predict(none).shape == (0, outputs) == (0, model.predict(rows).shape[1])
