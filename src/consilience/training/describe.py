"""The network in figures: per encoder the tokens, width, parameters and FLOPs a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from consilience.artifacts.inference import to_tensors
from consilience.core.recipe import Recipe
from consilience.data.features import Features
from consilience.fusion.model import Multimodal


@torch.no_grad()
def describe(network: Multimodal, recipe: Recipe, features: Features) -> dict[str, Any]:
    """{"groups": {name: {modality, columns, encoder, tokens, width, parameters, flops}}, "fusion", "head", "helpers",
    "parameters", "flops"}.

    tokens and flops are those of the first row of `features`; one multiply-add counts as two FLOPs.
    """
    network.eval()
    device = next(network.parameters()).device
    inputs = to_tensors(features.gather(np.arange(min(1, features.rows), dtype=np.int64)), device)
    groups: dict[str, Any] = {}
    encoded = {}
    for name, key in network.keys.items():
        encoder = network.encoders[key]
        with FlopCounterMode(display=False) as counter:
            tokens = encoder(dict(inputs[name]))
        encoded[key] = tokens
        group = recipe.groups[name]
        groups[name] = {
            "modality": group.modality,
            "columns": list(group.columns),
            "encoder": group.encoder.type if group.encoder else None,
            "options": group.encoder.options if group.encoder else {},
            "tokens": int(tokens.x.shape[1]),
            "width": int(encoder.width),  # type: ignore[arg-type]
            "parameters": parameters(encoder),
            "flops": int(counter.get_total_flops()),
        }
    with FlopCounterMode(display=False) as counter:
        network(inputs)
    return {
        "groups": groups,
        "fusion": {
            "type": recipe.fusion.type,
            "candidates": network.candidates if len(network.candidates) > 1 else [],
            "width": recipe.width,
            "parameters": parameters(network.fusion),
        },
        "head": {"outputs": _outputs(network), "parameters": parameters(network.heads)},
        "helpers": {"parameters": parameters(network.helpers)},
        "parameters": parameters(network),
        "flops": int(counter.get_total_flops()),
    }


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _outputs(network: Multimodal) -> int:
    return int(next(iter(network.heads.values())).out_features)  # type: ignore[arg-type]
