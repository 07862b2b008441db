"""Pretrained tensors from a file on this machine: safetensors only, because reading them executes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError

USUAL = "model.safetensors"


def read_weights(source: str | None, what: str) -> Mapping[str, Tensor]:
    """Tensors by name from a file, a folder that holds `model.safetensors`, or a cached name of the Hugging Face hub.

    Raises:
        InputError: when nothing is named, or the file is missing or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if source is None:
        raise InputError(
            f"no pretrained weights are named for {what}", fix="Give weights: a .safetensors file or its folder"
        )
    path = Path(source).expanduser()
    path = path / USUAL if path.is_dir() else path
    if not path.exists():
        path = _located(source) / USUAL
    if path.suffix != ".safetensors":
        raise InputError(
            f"weights of {what} in a format that can run code when read: {path.suffix or 'no suffix'}",
            where=str(path),
            fix="Write them as safetensors first: safetensors.torch.save_file(state_dict, path)",
        )
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise InputError(f"weights of {what} are not readable: {error}", where=str(path)) from None


def fill(body: nn.Module, values: Mapping[str, Tensor], where: str) -> None:
    """Copy pretrained tensors into a network; what the file has more (the classifier) is left.

    Raises:
        InputError: when the file lacks a tensor of the network or holds it in another shape.
    """
    for name, own in body.state_dict().items():
        if name not in values and name.endswith("num_batches_tracked"):
            continue
        if name not in values or values[name].shape != own.shape:
            found = f"has shape {tuple(values[name].shape)}, not {tuple(own.shape)}" if name in values else "is not there"
            raise InputError(f"weights of another network: {name.partition('.')[2]!r} {found}", where=where)
        with torch.no_grad():
            own.copy_(values[name])
