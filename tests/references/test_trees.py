from __future__ import annotations

import numpy as np
import pytest

from consilience.references.base import Rows
from consilience.references.boosting import MEDIA_WORK, WORK, Plan, Table, boost, make_settings, most_rounds, settle
from consilience.references.trees import Trees

from .mixed_rows import make


def plan(**changes: object) -> Plan:
    start = Plan("binary", 1, 1, 0.1, 100, 31, WORK, 0, 1)
    return start._replace(**changes)


def test_an_interaction_that_no_linear_model_sees() -> None:
    random = np.random.default_rng(0)
    value = random.normal(size=(1500, 2)).astype(np.float32)
    label = (value[:, 0] * value[:, 1] > 0).astype(int)
    groups = {"g": {"modality": "number", "columns": ["a", "b"]}}
    rows = Rows({"g": {"value": value, "mask": np.ones((1500, 2), bool)}}, {})
    model = Trees(Trees.Config(), {"groups": groups}, "binary")
    model.fit(rows, np.eye(2)[label], np.ones(1500), 0, 1)
    assert ((model.predict(rows)[:, 1] > 0.5) == label).mean() > 0.97
    assert 1 <= model.rounds[0] <= 400


@pytest.mark.parametrize("size", [60, 3000])
def test_category_values_without_order_are_split_by_sets(size: int) -> None:
    random = np.random.default_rng(0)
    effect = random.permutation(size) % 2
    code = random.integers(0, size, 20_000 if size > 1000 else 2000)
    groups = {"g": {"modality": "category", "columns": ["c"], "vocabulary": [[str(i) for i in range(size)]]}}
    index = (code + 1).astype(np.int32)[:, None, None]
    rows = Rows({"g": {"index": index, "mask": index > 0}}, {})
    model = Trees(Trees.Config(), {"groups": groups}, "binary")
    model.fit(rows, np.eye(2)[effect[code]], np.ones(len(code)), 0, 1)
    right = ((model.predict(rows)[:, 1] > 0.5) == effect[code]).mean()
    assert right > (0.95 if size == 60 else 0.55)


def test_coded_columns_are_where_the_codes_are() -> None:
    data = make(40)
    model = Trees(Trees.Config(), {"groups": data.groups}, "binary")
    features = model._features(data.rows, np.arange(40))
    first = data.rows.arrays["category"]["index"][:, :, 0].astype(float)
    first[first == 0] = np.nan
    assert np.array_equal(features[:, model._coded()], first, equal_nan=True)


def test_the_work_bound_lowers_rounds_and_raises_the_rate() -> None:
    assert most_rounds(1000, 10, plan()) == 100
    few = most_rounds(10_000, 200, plan(classes=10, work=MEDIA_WORK))
    assert 8 <= few < 60
    settings = make_settings(10_000, 200, few, plan(classes=10, work=MEDIA_WORK))
    assert 0.1 < settings["learning_rate"] <= 0.3
    assert make_settings(10_000, 10, 100, plan())["learning_rate"] == 0.1
    assert most_rounds(400_000, 60, plan(boosters=500)) == 8


def test_fine_trees_where_pairs_decide_and_not_where_they_do_not() -> None:
    random = np.random.default_rng(0)
    pair = random.integers(0, 24, (5200, 2))
    effect = random.normal(size=(24, 24))[pair[:, 0], pair[:, 1]]
    features = random.permutation(24)[pair].astype(np.float32)
    table = Table(features, effect, np.ones(len(effect)), [])
    asked = plan(objective="regression", rounds=12)
    fine, rounds = settle(table, asked)
    assert fine.fine
    assert rounds > 0
    smooth, _ = settle(table._replace(label=features.sum(1) + 20 * random.normal(size=len(effect))), asked)
    assert not smooth.fine
    assert not settle(table.take(np.arange(2000)), asked)[0].fine
    assert make_settings(5200, 2, 12, fine)["num_leaves"] > make_settings(5200, 2, 12, asked)["num_leaves"]


def test_nothing_to_learn_gives_an_empty_model() -> None:
    features = np.ones((20, 2), dtype=np.float32)
    assert boost(Table(features, np.ones(20), np.ones(20), []), plan()) == ("", 0)
    assert boost(Table(features[:, :0], np.arange(20.0) % 2, np.ones(20), []), plan()) == ("", 0)
    assert boost(Table(features[:3], np.array([0.0, 1, 0]), np.ones(3), []), plan()) == ("", 0)
