"""Networks on prepared features, batch by batch: what every network says of some rows, in full precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.network import BATCH, Array, Index, Said, joined, kept
from consilience.data.features import Features
from consilience.fusion.model import Multimodal, Outputs


def to_tensors(arrays: dict[str, dict[str, Array]], device: torch.device) -> dict[str, dict[str, Tensor]]:
    """The gathered arrays as tensors on the device, dtypes kept."""
    return {
        group: {name: torch.from_numpy(np.ascontiguousarray(a)).to(device) for name, a in named.items()}
        for group, named in arrays.items()
    }


def ordered(rows: int, size: int) -> Iterator[Index]:
    """Row positions 0..rows-1 in slices of `size`."""
    for start in range(0, rows, size):
        yield np.arange(start, min(start + size, rows), dtype=np.int64)


def run_network(
    network: Multimodal, features: Features, index: Index, hidden: Iterable[str] = (), batch_size: int = BATCH
) -> Said:
    """Outputs on the rows `index` of `features`, in evaluation mode; groups in `hidden` are masked out.

    Raises:
        InputError: when `hidden` names a group that the network lacks.
    """
    return run_masks(network, features, index, [hidden], batch_size)[0]


@torch.no_grad()
def run_masks(
    network: Multimodal,
    features: Features,
    index: Index,
    masks: Sequence[Iterable[str]],
    batch_size: int = BATCH,
) -> list[Said]:
    """`run_network` for each set of hidden groups; every row is encoded once."""
    network.eval()
    device = next(network.parameters()).device
    keeps = [torch.from_numpy(kept(network.groups, hidden)).to(device) for hidden in masks]
    parts = [
        _batch(network, features, index[positions], keeps, device) for positions in ordered(len(index), batch_size)
    ]
    if not parts:
        return [_nothing(network)] * len(keeps)
    return [joined(list(of_mask)) for of_mask in zip(*parts, strict=True)]


def _batch(
    network: Multimodal, features: Features, index: Index, keeps: list[Tensor], device: torch.device
) -> list[Said]:
    tokens = network.encode(to_tensors(features.gather(index, network.fixed), device))
    return [_said(network, network.join(tokens, keep.expand(len(index), -1))) for keep in keeps]


def _said(network: Multimodal, outputs: Outputs) -> Said:
    return Said(
        _numpy(outputs.logits),
        {g: _numpy(x) for g, x in outputs.helpers.items()},
        _numpy(outputs.fused.weights),
        np.stack([outputs.has[g].cpu().numpy() for g in network.groups], 1),
    )


def _nothing(network: Multimodal) -> Said:
    outputs = next(iter(network.heads.values())).out_features
    nothing, groups = np.zeros((0, int(outputs)), np.float32), len(network.groups)  # type: ignore[arg-type]
    empty = np.zeros((0, groups), np.float32)
    return Said(nothing, {g: nothing for g in network.groups if network.helpers}, empty, empty > 0)


def _numpy(value: Tensor) -> Array:
    return np.asarray(value.float().cpu().numpy())
