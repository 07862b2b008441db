"""What an encoder may ask of training: settings and facts of its own, a beginning, rates of learning."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from consilience.core.recipe import Train
from consilience.fusion.model import Multimodal
from consilience.training.optimization import Average, load_tensors, make_optimizer, tensors


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


def test_only_encoders_that_ask_look_at_rows() -> None:
    class Curious(Slow):
        adapts, fixed = 7, False

        def adapt(self, inputs: dict[str, Any]) -> None:
            self.seen = inputs["x"]

    curious = Curious()
    model = Multimodal({"a.b": Slow(), "c": curious}, nn.Linear(4, 4), 4, 2)
    assert model.adapts() == {"c": 7}
    model.adapt("c", {"x": torch.ones(2)})
    assert curious.seen.shape == (2,)


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


def test_a_fixed_part_is_neither_averaged_nor_copied() -> None:
    model = network()
    for parameter in model.encoders.parameters():
        parameter.requires_grad_(False)
    names = set(tensors(model))
    assert names
    assert not any(name.startswith("encoders.") for name in names)
    average = Average(model, 0.9)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        for value in tensors(model).values():
            value.add_(1)
    average.update()
    load_tensors(model, average.shadow)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == (name not in names), name


def test_a_large_encoder_is_trained_once() -> None:
    """Neither folds nor several seeds, unless the recipe asks for them."""
    from consilience.core.policy import Shape, resolve
    from consilience.core.recipe import make_recipe

    shape = Shape(500, {"t": "text", "n": "number"}, "binary")
    encoders = {"text": {"type": "hf_text", "model": "x"}}
    plain = resolve(make_recipe({"target": "y"}), shape)
    large = resolve(make_recipe({"target": "y", "encoders": encoders}), shape)
    asked = resolve(make_recipe({"target": "y", "encoders": encoders, "split": {"folds": 3}}), shape)
    assert (plain.split.folds, plain.train.networks) != (1, 1)
    assert (large.split.folds, large.train.networks) == (1, 1)
    assert asked.split.folds == 3
