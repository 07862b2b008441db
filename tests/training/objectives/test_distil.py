"""The distillation loss is zero where student and teacher agree, and pulls the one to the other."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from consilience.core.errors import InputError
from consilience.core.recipe import Train
from consilience.core.registry import get
from consilience.core.tokens import Fused, Tokens
from consilience.fusion.model import Outputs
from consilience.training.batches import Batch

FACTS: dict[str, dict[str, Any]] = {
    "classification": {"classes": ["a", "b", "c"], "counts": [1, 1, 1]},
    "multilabel": {"classes": ["a", "b", "c"], "counts": [1, 1, 1], "rows": 3},
    "regression": {"mean": 0.0, "scale": 1.0},
}


def objective(task: str, **options: Any) -> Any:
    component, kind = get("objective", "distil"), get("task", task)
    return component(component.Config(**options), kind(kind.Config(), FACTS[task]), Train())


def outputs(logits: Tensor, pooled: Tensor | None = None) -> Outputs:
    pooled = torch.zeros(len(logits), 4) if pooled is None else pooled
    tokens = Tokens(pooled.unsqueeze(1), torch.ones(len(logits), 1, dtype=torch.bool))
    return Outputs(logits, Fused(pooled, tokens, torch.ones(len(logits), 1)), {}, {}, {})


def batch(soft: Tensor | None, fused: Tensor | None = None, weight: Tensor | None = None) -> Batch:
    rows = 2 if soft is None else len(soft)
    return Batch({}, torch.zeros(rows, 3), torch.ones(rows) if weight is None else weight, soft, fused)


LOGITS = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 0.3]])


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_agreement_costs_nothing_and_disagreement_pulls(temperature: float) -> None:
    loss = objective("classification", weight=1.0, temperature=temperature)
    assert float(loss(outputs(LOGITS), batch(LOGITS.softmax(1)))) == pytest.approx(0.0, abs=1e-5)
    student = torch.zeros(2, 3, requires_grad=True)
    loss(outputs(student), batch(LOGITS.softmax(1))).backward()
    assert student.grad is not None
    assert (student.grad.argmin(1) == LOGITS.argmax(1)).all(), "the teacher's class rises most"


def test_at_temperature_one_it_is_the_divergence_of_the_distributions() -> None:
    teacher, student = LOGITS.softmax(1), torch.zeros(2, 3)
    expected = (teacher * (teacher.log() - student.log_softmax(1))).sum(1).mean()
    found = objective("classification", weight=0.5, temperature=1.0)(outputs(student), batch(teacher))
    assert float(found) == pytest.approx(0.5 * float(expected), rel=1e-5)


def test_rows_of_weight_zero_count_nothing() -> None:
    loss = objective("classification")
    both = loss(outputs(torch.zeros(2, 3)), batch(LOGITS.softmax(1), weight=torch.tensor([1.0, 0.0])))
    assert float(both) == pytest.approx(float(loss(outputs(torch.zeros(1, 3)), batch(LOGITS[:1].softmax(1)))), rel=1e-5)


@pytest.mark.parametrize(("task", "soft"), [("multilabel", LOGITS.sigmoid()), ("regression", LOGITS[:, :1])])
def test_the_best_student_of_other_tasks_says_what_the_teacher_says(task: str, soft: Tensor) -> None:
    loss = objective(task, temperature=2.0)
    logits = (LOGITS if task == "multilabel" else LOGITS[:, :1]).clone().requires_grad_()
    value = loss(outputs(logits), batch(soft))
    value.backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-5
    assert float(loss(outputs(logits.detach() + 0.5), batch(soft))) > float(value.detach())


def test_fused_vectors_are_matched_by_direction() -> None:
    pooled = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    loss = objective("classification", weight=1.0, match=0.5)
    soft = LOGITS.softmax(1)
    assert float(loss(outputs(LOGITS, pooled), batch(soft, 3 * pooled))) == pytest.approx(0.0, abs=1e-5)
    assert float(loss(outputs(LOGITS, pooled), batch(soft, -pooled))) == pytest.approx(1.0, abs=1e-4)


def test_without_a_teacher_the_way_out_is_named() -> None:
    with pytest.raises(InputError, match="consilience distill RUN"):
        objective("classification")(outputs(LOGITS), batch(None))
