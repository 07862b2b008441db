"""What an encoder may ask of training: settings and facts of its own, a beginning, rates of learning."""

from __future__ import annotations

from typing import Any

from torch import nn

from consilience.core.recipe import Train
from consilience.fusion.model import Multimodal
from consilience.training.optimization import make_optimizer


class Slow(nn.Module):
    width = 4

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    def rates(self) -> dict[str, float]:
        return {"layer.weight": 0.1, "layer.bias": 0.1}

    def forward(self, inputs: dict[str, Any]) -> Any:
        raise NotImplementedError


def network() -> Multimodal:
    fusion = nn.Linear(4, 4)
    return Multimodal({"a.b": Slow(), "c": Slow()}, fusion, 4, 2)


def test_every_encoder_begins_once() -> None:
    model = network()
    model.begin()
    assert [e.begun for e in model.encoders.values()] == [1, 1]


def test_rates_scale_the_parameters_they_name_and_no_other() -> None:
    model = network()
    found = {
        id(p): g["scale"] for g in make_optimizer(model, Train(learning_rate=1e-3)).param_groups for p in g["params"]
    }
    for name, parameter in model.named_parameters():
        assert found[id(parameter)] == (0.1 if ".layer." in name else 1.0), name
    assert len(found) == len(list(model.parameters()))


def test_a_fixed_part_takes_no_place_in_the_optimizer() -> None:
    model = network()
    for parameter in model.encoders.parameters():
        parameter.requires_grad_(False)
    held = sum(len(g["params"]) for g in make_optimizer(model, Train(learning_rate=1e-3)).param_groups)
    assert held == sum(1 for p in model.parameters() if p.requires_grad)
