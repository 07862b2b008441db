"""Encoders of numbers, categories, dates and words: what is particular to each."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from consilience.core.config import Choice
from consilience.core.errors import InputError
from consilience.encoders.column_pool import pooled
from consilience.encoders.columns import on_present


def build(name: str, facts: dict[str, Any], **options: Any) -> Any:
    torch.manual_seed(0)
    return Choice.model_validate({"type": name, **options}).build("encoder", facts)


def wide(columns: int) -> dict[str, Any]:
    return {"columns": [f"c{i}" for i in range(columns)], "quantiles": [[-1.0, 0.0, 1.0]] * columns}


@pytest.mark.parametrize("name", ["number_linear", "number_periodic", "number_piecewise"])
@pytest.mark.parametrize("columns", [600, 5000])
def test_many_columns_stay_affordable(name: str, columns: int) -> None:
    encoder = build(name, wide(columns))
    tokens = encoder({"value": torch.randn(4, columns), "mask": torch.rand(4, columns) < 0.9})
    assert tokens.x.shape == (4, 1, encoder.width)
    assert sum(p.numel() for p in encoder.parameters()) < 1_000_000


def test_the_option_overrules_the_count_of_columns() -> None:
    assert [pooled(option, 3) for option in ("auto", "column", "pooled")] == [False, False, True]
    assert [pooled(option, 65) for option in ("auto", "column", "pooled")] == [True, False, True]


def test_piecewise_code_is_linear_inside_a_bin_and_goes_on_outside() -> None:
    encoder = build("number_piecewise", {"columns": ["a"], "quantiles": [[0.0, 1.0, 3.0]]}, width=8)
    value = torch.tensor([[-1.0], [0.5], [2.0], [5.0]])
    code = torch.minimum(torch.maximum((value[..., None] - encoder.start) / encoder.span, encoder.low), encoder.high)
    assert code[:, 0].tolist() == [[-1.0, 0.0], [0.5, 0.0], [1.0, 0.5], [1.0, 2.0]]


@pytest.mark.parametrize("quantiles", [[], [0.3], [0.0, 1.0]])
def test_a_constant_column_has_a_code_too(quantiles: list[float]) -> None:
    encoder = build("number_piecewise", {"columns": ["a", "b"], "quantiles": [quantiles, [0.0, 1.0, 2.0]]})
    tokens = encoder({"value": torch.zeros(2, 2), "mask": torch.ones(2, 2) > 0})
    assert tokens.x.isfinite().all()


def test_the_vector_of_unseen_values_trains() -> None:
    facts = {"columns": ["a"], "vocabulary": [["x", "y"]]}
    encoder = build("category_embed", facts, unseen=0.5).train()
    index = torch.ones(64, 1, 1, dtype=torch.int32)
    encoder({"index": index, "mask": index > 0}).x.sum().backward()
    assert encoder.vectors.weight.grad[0].abs().sum() > 0
    assert encoder.vectors.weight.grad[1].abs().sum() > 0


def test_a_set_of_values_is_their_mean_whatever_the_order() -> None:
    encoder = build("category_embed", {"columns": ["a"], "vocabulary": [["x", "y", "z"]]}).eval()
    index = torch.tensor([[[1, 2, 0]], [[2, 1, 0]], [[1, 0, 0]], [[2, 0, 0]]])
    x = encoder({"index": index, "mask": index > 0}).x
    torch.testing.assert_close(x[0], x[1])
    torch.testing.assert_close(x[0], (x[2] + x[3]) / 2)


def test_the_end_of_the_year_is_near_its_start() -> None:
    encoder = build("cyclic_date", {"columns": ["a"]}).eval()
    value = torch.zeros(3, 1, 7)
    value[:, 0, 1] = torch.tensor([0.0, 0.999, 0.5])
    x = encoder({"value": value, "mask": torch.ones(3, 1) > 0}).x[:, 0]
    assert (x[0] - x[1]).norm() < 0.1 * (x[0] - x[2]).norm()


def test_the_order_of_words_matters_to_n_grams_only() -> None:
    facts = {"columns": ["t"], "vocabulary": 50, "length": 8}
    ids = torch.tensor([[[4, 9, 7]], [[7, 9, 4]]])
    inputs = {"ids": ids, "mask": ids > 0}
    bag = build("ngram_text", facts, largest=1).eval()(inputs).x
    grams = build("ngram_text", facts, largest=2).eval()(inputs).x
    torch.testing.assert_close(bag[0], bag[1])
    assert not torch.allclose(grams[0], grams[1])


def test_a_width_that_heads_do_not_divide_is_an_error() -> None:
    with pytest.raises(InputError, match="no multiple of heads 4"):
        build("transformer_text", {"columns": ["t"], "vocabulary": 9, "length": 4}, width=30)


def test_on_present_runs_only_the_rows_that_are_there() -> None:
    seen: list[int] = []

    def run(x: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        return x * 2

    present, x = torch.tensor([True, False, True]), torch.ones(3, 2)
    assert on_present(run, present, (2,), x, skip=True).tolist() == [[2, 2], [0, 0], [2, 2]]
    assert on_present(run, present & False, (2,), x, skip=True).sum() == 0
    assert on_present(run, present, (2,), x, skip=False).sum() == 12
    assert seen == [2, 3]
