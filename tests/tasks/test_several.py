"""Several targets side by side: encoding, loss of rows that miss one, predictions and figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.tasks.several import Several, named_columns

FRAME = pl.DataFrame(
    {
        "label": ["a", "b", None, "a"],
        "age": [10.0, None, 30.0, 20.0],
        "tags": ["x|y", "x", "y", None],
    }
)
FACTS: dict[str, Any] = {
    "label": {"classes": ["a", "b"], "counts": [2, 1], "type": "string"},
    "age": {"mean": 20.0, "scale": 10.0, "low": 10.0, "high": 30.0, "integer": True},
    "tags": {"classes": ["x", "y"], "counts": [2, 2], "rows": 3},
}


def task(**options: Any) -> Several:
    tasks = {"label": {"type": "classification"}, "age": {"type": "regression"}, "tags": {"type": "multilabel"}}
    built: Several = Choice(**{"type": "several", "tasks": tasks, **options}).build("task", FACTS)
    return built


def test_targets_stand_side_by_side_and_come_apart_again() -> None:
    one = task()
    assert one.outputs == 5
    targets = one.encode(FRAME.to_struct("label"))
    assert targets.target.shape == (4, 5 + 3)
    assert targets.weight.tolist() == [1, 1, 1, 1]
    for name, place in one.places.items():
        alone = place.task.encode(FRAME[name])
        again = one.of(name, targets.target)
        assert np.array_equal(alone.target, again.target)
        assert np.array_equal(alone.weight, again.weight)


def test_a_row_that_misses_a_target_teaches_the_others_only() -> None:
    one = task()
    target = torch.from_numpy(one.encode(FRAME.to_struct("label")).target)
    outputs = torch.randn(4, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    one.loss(outputs, target, torch.ones(4)).backward()  # type: ignore[no-untyped-call]
    assert outputs.grad is not None
    taught = outputs.grad.abs() > 0
    assert taught[:, :2].any(1).tolist() == [True, True, False, True]
    assert taught[:, 2].tolist() == [True, False, True, True]
    assert taught[:, 3:].any(1).tolist() == [True, True, True, False]


def test_loss_is_the_weighted_mean_of_the_targets_own_losses() -> None:
    one = task(weights={"label": 2.0, "tags": 0.0})
    target = torch.from_numpy(one.encode(FRAME.to_struct("label")).target)
    outputs, weight = torch.randn(4, 5, generator=torch.Generator().manual_seed(2)), torch.ones(4)
    losses = one.losses(outputs, target, weight)
    label = one.places["label"].task.loss(outputs[:, :2], target[:, :2], target[:, 5])
    assert torch.isclose(losses[0], label)
    assert torch.isclose(one.loss(outputs, target, weight), (2 * losses[0] + losses[1]) / 3)


def test_predictions_are_those_of_each_task() -> None:
    one = task()
    outputs = np.random.default_rng(3).normal(size=(4, 5))
    found = one.predictions(outputs)
    assert np.allclose(found[:, :2].sum(1), 1)
    assert np.allclose(found[:, 2], outputs[:, 2] * 10 + 20)
    columns = one.decode(found)
    assert list(columns)[:3] == ["label", "label:probability:a", "label:probability:b"]
    assert {"age", "tags", "tags:probability:x"} < set(columns)
    assert list(named_columns("age", {"prediction": [1], "low": [0]})) == ["age", "age:low"]


def test_figures_of_validation_rows_leave_unknown_rows_out() -> None:
    one = task()
    encoded = one.encode(FRAME.to_struct("label")).target
    outputs = np.array([[9, -9, -1, 9, 9], [-9, 9, 7, 9, -9], [9, -9, 1, -9, 9], [9, -9, 0, 5, 5]], np.float64)
    found = one.measured(outputs, encoded)
    assert found["together"] == pytest.approx(1.0)
    assert found["age:rmse"] == pytest.approx(0.0, abs=1e-6)
    assert found["label:accuracy"] == 1.0
    assert found["loss"] < 0.01


def test_a_target_of_which_a_batch_knows_nothing_costs_nothing() -> None:
    one = task()
    encoded = torch.from_numpy(one.encode(FRAME.with_columns(age=pl.lit(None, pl.Float64)).to_struct("label")).target)
    assert one.losses(torch.randn(4, 5), encoded, torch.ones(4))[1] == 0


def test_it_is_never_told_from_a_column() -> None:
    assert Several.score(FRAME["label"]).score == 0
    with pytest.raises(InputError, match="one by one"):
        Several.learn(FRAME["label"])
