"""Encoders whose channels were removed: which layers are how wide, as JSON facts, and built again from them.

A pruned network is the network of its recipe with narrower layers; the widths are learned, so they are facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

ATTRIBUTES = ("in_channels", "out_channels", "groups", "num_features", "num_channels", "in_features", "out_features")
"""What layers say of their own width."""


def widths_of(encoder: nn.Module, whole: nn.Module) -> dict[str, Any]:
    """What differs between an encoder and the one of its recipe: {"layers": {name: {attribute: number}}, "tensors":
    {name: shape}}."""
    layers: dict[str, dict[str, int]] = {}
    for (name, module), (_, known) in zip(encoder.named_modules(), whole.named_modules(), strict=True):
        found = {a: int(getattr(module, a)) for a in ATTRIBUTES if getattr(module, a, None) != getattr(known, a, None)}
        if isinstance(module, nn.LayerNorm) and module.normalized_shape != known.normalized_shape:
            found["normalized_shape"] = int(module.normalized_shape[0])
        if found:
            layers[name] = found
    before = whole.state_dict()
    after = {name: list(value.shape) for name, value in encoder.state_dict().items()}
    return {"layers": layers, "tensors": {n: shape for n, shape in after.items() if shape != list(before[n].shape)}}


def narrow(encoder: nn.Module, widths: Mapping[str, Any]) -> None:
    """Give an encoder's layers these widths, in place; the weights of what changed are empty: they come from a bundle
    or a checkpoint."""
    for name, values in widths["layers"].items():
        layer = encoder.get_submodule(name)
        for attribute, value in values.items():
            setattr(layer, attribute, (value,) if attribute == "normalized_shape" else value)
    for path, shape in widths["tensors"].items():
        owner, _, name = path.rpartition(".")
        layer = encoder.get_submodule(owner)
        old = getattr(layer, name)
        new = torch.zeros(shape, dtype=old.dtype, device=old.device)
        setattr(layer, name, nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new)
    encoder.narrowed = True  # type: ignore[assignment]
