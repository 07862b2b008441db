"""What every reference must do, run over the registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from consilience.core.registry import get, names
from consilience.references import features
from consilience.references.base import Rows, State
from consilience.tasks.metrics import scores

from .mixed_rows import blank, make, take

KINDS = ["binary", "multiclass", "multilabel", "regression"]
APART = ("texts", "boxes", "forecasts")
NAMES = [n for n in names("reference") if not any(getattr(get("reference", n), kind, False) for kind in APART)]
GROUPS = ["number", "category", "date", "image", "audio", "text"]


def build(name: str, groups: Any, kind: str) -> Any:
    component = get("reference", name)
    return component(component.Config(), {"groups": groups}, kind)


def fitted(name: str, data: Any, kind: str, rows: int, threads: int = 1, weight: Any = None) -> Any:
    model = build(name, data.groups, kind)
    weight = np.ones(rows, dtype=np.float32) if weight is None else weight
    model.fit(data.rows, data.targets[kind], weight, 0, threads)
    return model


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_learns_every_kind_of_task_and_comes_back_from_its_state(name: str, kind: str, tmp_path: Path) -> None:
    data, new = make(240), make(200, seed=1)
    model = fitted(name, data, kind, 240)
    found = model.predict(new.rows)
    target = new.targets[kind]
    assert found.shape == target.shape
    assert found.dtype == np.float32
    judged = scores(kind, target, np.ones(200), found)
    assert judged["r2" if kind == "regression" else "roc_auc"] > 0.85
    if kind in ("binary", "multiclass"):
        assert np.allclose(found.sum(1), 1, atol=1e-5)

    state = model.state()
    save_file({k: np.ascontiguousarray(v) for k, v in state.arrays.items()}, tmp_path / "state.safetensors")
    arrays, values = load_file(tmp_path / "state.safetensors"), json.loads(json.dumps(state.values))
    restored = build(name, data.groups, kind)
    restored.restore(State(values, arrays))
    assert np.array_equal(restored.predict(new.rows), found)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_a_second_fit_can_take_over_what_the_first_found(name: str, kind: str) -> None:
    data, new = make(150), make(60, seed=1)
    first = fitted(name, data, kind, 150)
    component = get("reference", name)
    second = component(component.Config(**first.settled()), {"groups": data.groups}, kind)
    second.fit(data.rows, data.targets[kind], np.ones(150, dtype=np.float32), 0, 1)
    assert np.array_equal(second.predict(new.rows), first.predict(new.rows))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_bits(name: str) -> None:
    data, new = make(150), make(60, seed=1)
    one, two = (fitted(name, data, "multiclass", 150).predict(new.rows) for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("group", GROUPS)
def test_every_modality_alone_tells_the_classes_apart(name: str, group: str) -> None:
    data, new = make(300, only=(group,)), make(200, seed=1, only=(group,))
    found = fitted(name, data, "multiclass", 300).predict(new.rows)
    assert scores("multiclass", new.targets["multiclass"], np.ones(200), found)["roc_auc"] > 0.7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_rows_without_any_cell_get_a_finite_prediction(name: str, kind: str) -> None:
    data = make(120)
    found = fitted(name, data, kind, 120).predict(blank(take(data.rows, np.arange(5))))
    assert np.isfinite(found).all()
    assert np.array_equal(found, np.repeat(found[:1], 5, axis=0))


@pytest.mark.parametrize("name", NAMES)
def test_training_on_empty_cells_only_says_about_the_class_shares(name: str) -> None:
    data = make(100)
    model = build(name, data.groups, "multiclass")
    model.fit(blank(data.rows), data.targets["multiclass"], np.ones(100, np.float32), 0, 1)
    assert model.predict(data.rows)[0] == pytest.approx(data.targets["multiclass"].mean(0), abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_weight_zero_teach_nothing(name: str) -> None:
    data, new = make(160), make(40, seed=1)
    weight = np.ones(160, dtype=np.float32)
    weight[100:] = 0
    wrong = data.targets["binary"].copy()
    wrong[100:] = 0
    model = build(name, data.groups, "binary")
    model.fit(data.rows, wrong, weight, 0, 1)
    clean = build(name, data.groups, "binary")
    clean.fit(take(data.rows, np.arange(100)), wrong[:100], np.ones(100, np.float32), 0, 1)
    assert np.array_equal(model.predict(new.rows), clean.predict(new.rows))


@pytest.mark.parametrize("name", NAMES)
def test_soft_and_weighted_targets(name: str) -> None:
    data, new = make(200), make(100, seed=1)
    soft = data.targets["binary"] * 0.8 + 0.1
    model = build(name, data.groups, "binary")
    model.fit(data.rows, soft, np.random.default_rng(0).uniform(0.5, 2, 200).astype(np.float32), 0, 1)
    found = model.predict(new.rows)
    assert scores("binary", new.targets["binary"], np.ones(100), found)["roc_auc"] > 0.85


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [2, 4, 9, 30])
@pytest.mark.parametrize("kind", KINDS)
def test_very_small_tables(name: str, rows: int, kind: str) -> None:
    data = make(rows, only=("number", "category", "text"))
    assert np.isfinite(fitted(name, data, kind, rows).predict(data.rows)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_class_without_rows_is_improbable(name: str) -> None:
    data = make(120, only=("number", "text"))
    model = build(name, data.groups, "multiclass")
    wide = np.hstack([data.targets["multiclass"], np.zeros((120, 1), np.float32)])
    model.fit(data.rows, wide, np.ones(120, np.float32), 0, 1)
    assert model.predict(data.rows)[:, 3].max() < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_column_is_a_column_of_missing_cells(name: str) -> None:
    data = make(100)
    model = fitted(name, data, "binary", 100)
    some = {g: a for g, a in data.rows.arrays.items() if g not in ("image", "category")}
    emptied = blank(data.rows)
    arrays = {**data.rows.arrays, "image": emptied.arrays["image"], "category": emptied.arrays["category"]}
    assert np.array_equal(model.predict(Rows(some, {})), model.predict(Rows(arrays, emptied.texts)))


@pytest.mark.parametrize("name", NAMES)
def test_large_tables_are_sampled_and_it_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "MEDIA_ROWS", 80)
    data = make(200)
    model = fitted(name, data, "binary", 200)
    assert model.note == "learned from 80 of 200 rows, drawn at random"
    restored = build(name, data.groups, "binary")
    restored.restore(model.state())
    assert restored.note == model.note


@pytest.mark.parametrize("name", NAMES)
def test_unknown_modalities_are_left_out_and_named(name: str) -> None:
    data = make(60, only=("number",))
    groups = {**data.groups, "scan": {"modality": "point_cloud", "columns": ["lidar"]}}
    model = build(name, groups, "binary")
    rows = Rows({**data.rows.arrays, "scan": {"mask": np.ones((60, 1), bool)}}, {})
    model.fit(rows, data.targets["binary"], np.ones(60, np.float32), 0, 1)
    assert model.note == "does not read scan"
    assert np.isfinite(model.predict(rows)).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_give_no_predictions(name: str) -> None:
    data = make(60)
    model = fitted(name, data, "multiclass", 60)
    assert model.predict(take(data.rows, np.arange(0))).shape == (0, 3)


@pytest.mark.parametrize("name", NAMES)
def test_predictions_do_not_depend_on_the_other_rows(name: str) -> None:
    data = make(90)
    model = fitted(name, data, "multiclass", 90)
    whole = model.predict(data.rows)
    part = model.predict(take(data.rows, np.arange(40, 60)))
    assert np.allclose(part, whole[40:60], atol=1e-6)
