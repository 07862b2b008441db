"""Optimiser, learning-rate schedule and weight averaging."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from consilience.core.recipe import Train


def make_optimizer(model: nn.Module, settings: Train) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019: decoupled decay), Adam or SGD with momentum.

    Only matrices and kernels decay: biases, norms and learned vectors don't.
    """
    rate = float(settings.learning_rate or 1e-3)
    groups = _parameter_groups(model, settings.weight_decay)
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=settings.momentum, nesterov=settings.momentum > 0)
    chosen = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return chosen(groups, lr=rate, fused=True)


def _parameter_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Parameters that share a decay and a factor of the learning rate ("scale": what `Encoder.rates` asks for)."""
    scales: dict[str, float] = {}
    for path, module in model.named_modules():
        found = module.rates() if callable(getattr(module, "rates", None)) else {}
        scales |= {f"{path}.{name}" if path else name: factor for name, factor in found.items()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {(decay, 1.0): [], (0.0, 1.0): []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            key = (decay if parameter.ndim >= 2 else 0.0, scales.get(name, 1.0))
            groups.setdefault(key, []).append(parameter)
    return [{"params": found, "weight_decay": key[0], "scale": key[1]} for key, found in groups.items()]


def learning_rate(settings: Train, step: int, steps: int) -> float:
    """The rate of a step as a pure function, so that a resumed run needs no scheduler state.

    one_cycle: linear warm-up, then cosine to 0 (after Smith & Topin 2019); cosine: the same with a floor of 5 %;
    constant: warm-up, then flat.
    """
    peak = float(settings.learning_rate or 1e-3)
    warm = max(1, round(settings.warmup * steps))
    if step < warm:
        return peak * (step + 1) / warm
    if settings.schedule == "constant":
        return peak
    floor = 0.05 if settings.schedule == "cosine" else 0.0
    progress = (step - warm) / max(1, steps - warm)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


class Average:
    """Exponential moving average of the weights and float buffers, with a short start (Polyak & Juditsky 1992).

    The decay grows from 0 as (1 + n) / (10 + n) up to `decay`, so that early weights are forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.live = tensors(model)
        self.shadow = {k: v.detach().clone() for k, v in self.live.items()}

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        names = [k for k, v in self.live.items() if v.is_floating_point()]
        torch._foreach_lerp_([self.shadow[k] for k in names], [self.live[k] for k in names], weight)
        for k, v in self.live.items():
            if not v.is_floating_point():
                self.shadow[k].copy_(v)


def tensors(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter that trains and every saved buffer by name; the tensors themselves, not copies. What is frozen
    stays as an encoder's `begin` left it: it needs no average, no copy and no place in a checkpoint."""
    held = model.state_dict(keep_vars=True)
    return {n: t.detach() for n, t in held.items() if t.requires_grad or not isinstance(t, nn.Parameter)}


@torch.no_grad()
def load_tensors(model: nn.Module, values: dict[str, Tensor]) -> None:
    """Copy `values` into the model in place, so that optimiser and average keep their references."""
    for name, live in tensors(model).items():
        live.copy_(values[name])


def mean_of(states: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Element-wise mean of several states (Izmailov et al. 2018); integer buffers come from the first."""
    every = list(states)
    return {
        name: torch.stack([s[name].float() for s in every]).mean(0).to(first.dtype)
        if first.is_floating_point()
        else first
        for name, first in every[0].items()
    }
