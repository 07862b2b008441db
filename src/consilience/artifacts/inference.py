"""Networks on prepared features, batch by batch: what every network says of some rows, in full precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from consilience.artifacts.network import BATCH, Array, Index, Said, joined, kept
from consilience.artifacts.row_batches import by_length, slices, text_lengths
from consilience.data.features import Features
from consilience.fusion.model import Multimodal, Outputs

AT_ONCE = 8 * BATCH
"""Rows that are put in order by length at once."""


def to_tensors(arrays: dict[str, dict[str, Array]], device: torch.device) -> dict[str, dict[str, Tensor]]:
    """The gathered arrays as tensors on the device, dtypes kept."""
    return {
        group: {name: torch.from_numpy(np.ascontiguousarray(a)).to(device) for name, a in named.items()}
        for group, named in arrays.items()
    }


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
    batches = list(_batches(network, features, index, batch_size))
    parts = [_batch(network, features, index[positions], keeps, device) for positions in batches]
    if not parts:
        return [_nothing(network)] * len(keeps)
    found = [joined(list(of_mask)) for of_mask in zip(*parts, strict=True)]
    place = np.concatenate(batches)
    if (np.diff(place) > 0).all():
        return found
    order = np.argsort(place)
    return [said.at(order) for said in found]


def _batches(network: Multimodal, features: Features, index: Index, size: int) -> Iterator[Index]:
    """Positions in `index` of the rows of each batch. Texts that a costly encoder reads anew stand with others of like
    length: padding costs it as much as words do."""
    if not network.costly:
        yield from slices(len(index), size)
        return
    for part in slices(len(index), AT_ONCE):
        arrays = features.gather(index[part], network.fixed)
        texts = [arrays[group] for group in network.costly if "ids" in arrays[group]]
        for positions in by_length(text_lengths(texts), size) if texts else slices(len(part), size):
            yield part[positions]


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
