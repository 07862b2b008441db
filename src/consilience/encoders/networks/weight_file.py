"""Pretrained tensors from a file on this machine: safetensors only, because reading them executes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from consilience.core.errors import InputError
from consilience.encoders.pretrained.locate import locate, weight_files


def read_weights(source: str | None, what: str) -> Mapping[str, Tensor]:
    """Tensors by name from a file, or from what `locate` finds under a name.

    Raises:
        InputError: when nothing is named, or the file is missing or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if source is None:
        raise InputError(
            f"no pretrained weights are named for {what}",
            fix="Give weights: a .safetensors file, its folder, or a cached name",
        )
    path = Path(source).expanduser()
    if path.is_file() and path.suffix != ".safetensors":
        raise InputError(
            f"weights of {what} in a format that can run code when read: {path.suffix or 'no suffix'}",
            where=str(path),
            fix="Write them as safetensors first: save_file of safetensors.torch",
        )
    files = [path] if path.is_file() else weight_files(locate(source).folder)
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            tensors |= load_file(file)
        except (SafetensorError, OSError) as error:
            raise InputError(f"weights of {what} are not readable: {error}", where=str(file)) from None
    return tensors
