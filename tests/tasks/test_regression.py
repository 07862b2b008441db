from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from consilience.core.errors import InputError
from consilience.tasks.regression import Regression


def make(values: pl.Series) -> Regression:
    return Regression(Regression.Config(), Regression.learn(values))


def test_targets_stay_in_their_own_unit() -> None:
    values = pl.Series("y", ["10", "30", "1,000", "n/a", None, "broken"])
    task = make(values)
    found = task.encode(values)
    assert found.target[:3, 0].tolist() == [10, 30, 1000]
    assert found.weight.tolist() == [1, 1, 1, 0, 0, 0]
    assert found.target.shape == (6, 1)
    assert np.isfinite(found.target).all()
    assert task.unknown(values) == ["broken", "n/a"]


def test_outputs_of_zero_and_one_are_the_mean_and_one_scale_above() -> None:
    values = pl.Series("y", [1.0, 2.0, 3.0, 6.0])
    task = make(values)
    found = task.predictions(np.array([[0.0], [1.0]]))
    assert found[:, 0].tolist() == pytest.approx([3.0, 3.0 + values.std(ddof=0)])
    assert task.decode(found)["prediction"].tolist() == pytest.approx(found[:, 0].tolist())


def test_an_absurd_outlier_does_not_flatten_the_rest() -> None:
    clean = np.random.default_rng(0).normal(50, 10, 1000)
    task = make(pl.Series("y", np.append(clean, 1e12)))
    assert 5 < task.scale < 20
    assert 45 < task.mean < 55


def test_loss_is_squared_near_and_linear_far_and_ignores_unlabelled_rows() -> None:
    task = make(pl.Series("y", [-1.0, 1.0]))  # mean 0, scale 1
    target = torch.tensor([[0.0], [0.0], [5.0]])
    outputs = torch.tensor([[2.0], [10.0], [0.0]])
    each = [task.loss(outputs[i : i + 1], target[i : i + 1], torch.ones(1)).item() for i in range(3)]
    assert each == pytest.approx([2.0, 3 * (10 - 1.5), 3 * (5 - 1.5)])
    assert task.loss(outputs, target, torch.tensor([1.0, 0, 0])).item() == pytest.approx(2.0)


def test_learning_needs_two_numbers() -> None:
    with pytest.raises(InputError, match="hold 1 distinct numbers"):
        make(pl.Series("y", [3.0, 3.0, None]))
    with pytest.raises(InputError, match="hold 0 distinct numbers"):
        make(pl.Series("y", ["a", "b"]))
