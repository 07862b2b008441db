from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.tasks.classification import Classification


def make(values: list[object], **options: object) -> Classification:
    task = Choice(type="classification", **options).build("task", Classification.learn(pl.Series("y", values)))
    assert isinstance(task, Classification)
    return task


def test_classes_are_in_the_order_people_expect() -> None:
    assert make([10, 9, 2, 10]).classes == ["2", "9", "10"]
    assert make([1.0, 0.0, None]).classes == ["0", "1"]
    assert make(["b", "a", "B", None, " "]).classes == ["B", "a", "b"]
    assert make([True, False]).classes == ["false", "true"]


def test_the_same_labels_from_text_and_numbers_are_the_same_classes() -> None:
    task = make(["0", "1", "1"])
    for values in ([0, 1, 1], [0.0, 1.0, 1.0], ["0", "1", " 1 "]):
        assert task.encode(pl.Series("y", values)).target.argmax(1).tolist() == [0, 1, 1]


def test_kind_width_and_primary_metric() -> None:
    two, three = make(["a", "b"]), make(["a", "b", "c"])
    assert (two.kind, two.outputs, two.primary) == ("binary", 2, "roc_auc")
    assert (three.kind, three.outputs, three.primary) == ("multiclass", 3, "accuracy")


def test_missing_and_unseen_cells_are_unlabelled() -> None:
    task = make(["a", "b", "a"])
    values = pl.Series("y", ["b", None, "new", "", "a"])
    found = task.encode(values)
    assert found.target.dtype == found.weight.dtype == np.float32
    assert found.weight.tolist() == [1, 0, 0, 0, 1]
    assert found.target.tolist() == [[0, 1], [0, 0], [0, 0], [0, 0], [1, 0]]
    assert task.unknown(values) == ["new"]


def test_soft_labels() -> None:
    values = pl.Series("y", [{"a": 1.0, "b": 3.0}, {"a": None, "b": None}, {"a": 0.0, "b": 1.0}])
    task = Classification(Classification.Config(), Classification.learn(values))
    found = task.encode(values)
    assert found.target.tolist() == [[0.25, 0.75], [0, 0], [0, 1]]
    assert found.weight.tolist() == [1, 0, 1]


def test_learning_needs_two_classes() -> None:
    with pytest.raises(InputError, match="hold 1 class, at least 2"):
        make(["a", "a", None])
    with pytest.raises(InputError, match="hold 0 classes"):
        make([None, ""])


def test_loss_is_weighted_cross_entropy() -> None:
    task = make(["a", "b", "c"])
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([0, 2, 1, 1, 0])
    target = torch.nn.functional.one_hot(index, 3).float()
    weight = torch.tensor([1.0, 1, 0, 1, 1])
    kept = weight > 0
    wanted = torch.nn.functional.cross_entropy(logits[kept], index[kept])
    assert torch.allclose(task.loss(logits, target, weight), wanted)
    assert task.loss(logits, target, torch.zeros(5)) == 0


def test_smoothing_and_class_weights_act_in_the_loss_only() -> None:
    values = ["a"] * 8 + ["b"] * 2
    plain, changed = make(values), make(values, label_smoothing=0.1, class_weights="balanced")
    column = pl.Series("y", ["a", "b"])
    for one, other in zip(plain.encode(column), changed.encode(column), strict=True):
        assert np.array_equal(one, other)
    logits = torch.tensor([[0.3, -0.2], [0.5, 0.1]])
    index, target = torch.tensor([0, 1]), torch.eye(2)
    wanted = torch.nn.functional.cross_entropy(logits, target * 0.9 + 0.05, reduction="none")
    shares = torch.tensor([10 / 16, 10 / 4])[index]
    assert torch.allclose(changed.loss(logits, target, torch.ones(2)), (wanted * shares).sum() / shares.sum())


def test_loss_takes_bfloat16() -> None:
    loss = make(["a", "b"]).loss(torch.zeros(2, 2, dtype=torch.bfloat16), torch.eye(2), torch.ones(2))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(np.log(2))


def test_predictions_are_shares_even_for_huge_outputs() -> None:
    found = make(["a", "b"]).predictions(np.array([[1e4, -1e4], [0, 0]], dtype=np.float32))
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([5, 7], [7, 5]),
        ([5.0, 7.0], [7, 5]),
        ([0.5, 0.7], [0.7, 0.5]),
        ([False, True], [True, False]),
        (["5", "x"], ["x", "5"]),
    ],
)
def test_decode_gives_labels_back_in_their_type(values: list[object], wanted: list[object]) -> None:
    task = make(values)
    columns = task.decode(np.array([[0.1, 0.9], [0.8, 0.2]], dtype=np.float32))
    assert columns["prediction"].tolist() == wanted
    assert [type(v) for v in columns["prediction"].tolist()] == [type(v) for v in wanted]
    assert list(columns)[1:] == [f"probability:{name}" for name in task.classes]
    assert columns[f"probability:{task.classes[1]}"].tolist() == pytest.approx([0.9, 0.2])


def test_encoding_two_million_rows_is_quick() -> None:
    import time

    task = make(["a", "b", "c"])
    values = pl.Series("y", np.array(["a", "b", "c"])[np.random.default_rng(0).integers(0, 3, 2_000_000)])
    began = time.process_time()
    assert task.encode(values).weight.sum() == 2_000_000
    assert time.process_time() - began < 5
