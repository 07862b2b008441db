"""The state of an interrupted run: one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from consilience.core.files import atomic


@dataclass
class Progress:
    """Where a run stands. `step` counts optimiser steps done; best: [[metric, tie-breaker, epoch,
    candidate]], best first; of both figures larger is better."""

    step: int = 0
    loss_sum: float = 0.0
    rows_seen: int = 0
    best: list[list[Any]] = field(default_factory=list)
    stale: int = 0
    averaged: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False


def write_states(path: Path, states: dict[str, dict[str, Tensor]], meta: dict[str, Any]) -> None:
    """Named groups of tensors and JSON metadata in one file."""
    flat = {f"{part}/{k}": v.detach().contiguous() for part, state in states.items() for k, v in state.items()}
    with atomic(path) as temporary:
        save_file(flat, temporary, metadata={"json": json.dumps(meta)})


def read_states(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    states: dict[str, dict[str, Tensor]] = {}
    with safe_open(path, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (safe_open is no mapping)
            part, _, name = key.partition("/")
            states.setdefault(part, {})[name] = file.get_tensor(key)
        meta = json.loads((file.metadata() or {"json": "{}"})["json"])
    return states, meta


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's tensors as "<parameter number>.<name>"."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value if isinstance(value, Tensor) else torch.tensor(value)
        for number, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, values: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` took, in the memory layout of each parameter.

    Files hold contiguous tensors; a fused optimiser walks through memory, so moments of a `channels_last` kernel that
    lie otherwise than the kernel would be paired with other weights, without an error.
    """
    whole = optimizer.state_dict()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in values.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)]
        laid = torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
        state.setdefault(int(number), {})[name] = laid
    whole["state"] = state
    optimizer.load_state_dict(whole)
