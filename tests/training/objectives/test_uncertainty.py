"""Learned weights of several targets: the formula, its gradient, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from consilience.core.errors import InputError
from consilience.core.recipe import Train
from consilience.core.tokens import Fused
from consilience.fusion.balance import Balance
from consilience.fusion.model import Outputs
from consilience.training.batches import Batch
from consilience.training.objectives.uncertainty import Uncertainty


class _Task:
    """Two targets whose losses are the outputs."""

    def losses(self, outputs: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return outputs.mean(0)


def _outputs(log_variances: torch.Tensor | None, **more: Any) -> Outputs:
    logits = torch.tensor([[1.0, 4.0], [3.0, 4.0]])
    fused = Fused(torch.zeros(2, 1), None, torch.ones(2, 1))  # type: ignore[arg-type]
    return Outputs(logits, fused, {}, more.get("helpers", {}), more.get("has", {}), log_variances)


BATCH = Batch({}, torch.zeros(2, 4), torch.ones(2))


def test_it_is_the_formula_of_the_paper() -> None:
    balance = Balance(2)
    with torch.no_grad():
        balance.log_variances.copy_(torch.tensor([0.0, 1.0]))
    objective = Uncertainty(Uncertainty.Config(), _Task(), Train())
    loss = objective(_outputs(balance()), BATCH)
    assert torch.isclose(loss, (2.0 + 4.0 * torch.exp(torch.tensor(-1.0)) + 0.5) / 2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert balance.log_variances.grad is not None
    assert balance.log_variances.grad[0] < 0  # a loss of 2 says: less sure than 1
    assert torch.isclose(balance.log_variances.grad[1], (0.5 - 4.0 * torch.exp(torch.tensor(-1.0))) / 2)


def test_helpers_take_the_weights_and_do_not_move_them() -> None:
    balance = Balance(2)
    helpers = {"g": torch.ones(2, 2, requires_grad=True)}
    objective = Uncertainty(Uncertainty.Config(helper_weight=1.0), _Task(), Train())
    without = objective(_outputs(balance()), BATCH)
    with_one = objective(_outputs(balance(), helpers=helpers, has={"g": torch.ones(2)}), BATCH)
    assert torch.isclose(with_one - without, torch.tensor(1.0))
    (with_one - without).backward()
    assert balance.log_variances.grad is not None
    assert torch.allclose(balance.log_variances.grad, torch.zeros(2), atol=1e-6)


def test_one_target_has_nothing_to_balance() -> None:
    with pytest.raises(InputError, match="several targets"):
        Uncertainty(Uncertainty.Config(), object(), Train())
    with pytest.raises(InputError, match="target_weights: learned"):
        Uncertainty(Uncertainty.Config(), _Task(), Train())(_outputs(None), BATCH)
