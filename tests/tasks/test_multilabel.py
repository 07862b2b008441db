from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from consilience.core.errors import InputError
from consilience.tasks.multilabel import Multilabel


def make(values: pl.Series, **options: object) -> Multilabel:
    return Multilabel(Multilabel.Config.model_validate(options), Multilabel.learn(values))


TEXTS = pl.Series("y", ["b|a", "a", " c | a |", None, "", "b|b"])


def test_texts_are_split_and_cleaned() -> None:
    task = make(TEXTS)
    assert task.classes == ["a", "b", "c"]
    assert task.facts["counts"] == [3, 2, 1]
    found = task.encode(TEXTS)
    assert found.target.tolist() == [[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert found.weight.tolist() == [1, 1, 1, 0, 0, 1]
    assert found.target.dtype == found.weight.dtype == np.float32


def test_an_empty_list_is_known_to_have_no_label() -> None:
    values = pl.Series("y", [["a", "b"], [], None, ["b", None]])
    found = make(values).encode(values)
    assert found.target.tolist() == [[1, 1], [0, 0], [0, 0], [0, 1]]
    assert found.weight.tolist() == [1, 1, 0, 1]


def test_lists_of_numbers_are_in_numeric_order() -> None:
    assert make(pl.Series("y", [[10, 9], [2]])).classes == ["2", "9", "10"]


def test_unseen_labels_are_left_out_and_named() -> None:
    task = make(TEXTS)
    values = pl.Series("y", ["a|new", "other"])
    assert task.encode(values).target.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert task.unknown(values) == ["new", "other"]


def test_no_labels_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="no training row has a label"):
        make(pl.Series("y", [None, ""], dtype=pl.String))


def test_loss_is_the_weighted_mean_cross_entropy() -> None:
    logits = torch.tensor([[0.2, -1.0, 0.4], [2.0, 0.0, -3.0]])
    target = torch.tensor([[1.0, 0, 0], [1, 1, 0]])
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    assert torch.allclose(make(TEXTS).loss(logits, target, torch.ones(2)), binary(logits, target))
    assert torch.allclose(make(TEXTS).loss(logits, target, torch.tensor([0.0, 1])), binary(logits[1], target[1]))
    smoothed = make(TEXTS, label_smoothing=0.2).loss(logits, target, torch.ones(2))
    assert torch.allclose(smoothed, binary(logits, target * 0.8 + 0.1))
    balanced = make(TEXTS, class_weights="balanced").loss(logits, target, torch.ones(2))
    assert torch.allclose(balanced, binary(logits, target, pos_weight=torch.tensor([1 / 3, 1.0, 3.0])))


def test_predictions_and_decode() -> None:
    task = make(TEXTS)
    shares = task.predictions(np.array([[9.0, -9, 9], [-9, -9, -9], [-1e4, 0, 1e4]]))
    assert shares[2].tolist() == [0, 0.5, 1]
    columns = task.decode(shares)
    assert columns["prediction"].tolist() == ["a|c", "", "b|c"]
    assert columns["probability:b"].dtype == np.float32
    assert make(TEXTS, threshold=0.6).decode(shares)["prediction"].tolist() == ["a|c", "", "c"]
