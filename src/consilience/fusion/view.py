"""One target of a network that learned several: the same encoders and fusion, its own rows of the heads."""

from __future__ import annotations

import torch
from torch import nn

from consilience.fusion.model import Multimodal


@torch.no_grad()
def view_of(network: Multimodal, start: int, stop: int) -> Multimodal:
    """A network of outputs [start, stop) only. Encoders and fusion are shared, not copied; heads are cut out of the
    shared ones (a copy of some rows), so a view is for use after the training.

    Args:
        network: of linear heads, trained, its fusion selected.
    """
    encoders: dict[str, nn.Module] = {group: network.encoders[key] for group, key in network.keys.items()}
    first = next(iter(network.heads.values()))
    assert isinstance(first, nn.Linear), "several targets have linear heads"
    view = Multimodal(encoders, network.fusion, first.in_features, stop - start)
    for name, head in view.heads.items():
        _cut(network.heads[name], head, start, stop)
    for name, helper in view.helpers.items():
        shared = network.helpers[name]
        helper[0] = shared[0]  # type: ignore[operator, index]
        _cut(shared[1], helper[1], start, stop)  # type: ignore[index]
    view.fixed = network.fixed
    return view.to(next(network.parameters()).device).train(network.training)


def _cut(shared: nn.Module, own: nn.Module, start: int, stop: int) -> None:
    assert isinstance(shared, nn.Linear)
    assert isinstance(own, nn.Linear)
    own.weight.copy_(shared.weight[start:stop])
    own.bias.copy_(shared.bias[start:stop])
