"""timm's networks as bodies of a feature pyramid: the map at every stride that is asked for.

Wightman 2019, "PyTorch Image Models" (github.com/huggingface/pytorch-image-models): `features_only` cuts a network into
the maps of its stages. The pyramid above them is that of Lin et al. 2017, "Feature Pyramid Networks for Object
Detection" (arXiv 1612.03144).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.errors import InputError
from consilience.encoders.networks.library import Spec
from consilience.encoders.networks.sides import REFUSED
from consilience.encoders.networks.timm_body import load_timm, look
from consilience.encoders.networks.weight_file import read_weights

FAILURES = (*REFUSED, AttributeError, KeyError, NotImplementedError)
"""What timm raises where a network cannot be cut into maps, or cannot see an image of this size."""


class Body(NamedTuple):
    """What a recipe says of a body: the options that `networks/timm_body.py` reads.

    model: timm's name, a saved model's folder, or a cached name of the hub. weights: where its tensors lie; by `model`
    when None. options: more arguments of timm's builder.
    """

    model: str
    weights: str | None = None
    options: Mapping[str, Any] = {}
    tokens: str = "image"
    checkpointing: bool = False


def learn_maps(body: Body, shape: tuple[int, int], strides: Sequence[int]) -> dict[str, Any]:
    """JSON facts with which `TimmMaps` is built where the source is absent; shape: (H, W) of the prepared images.

    Returns:
        the fields of `Spec`; input: (H, W) that the body sees, whole multiples of the largest stride; indices: place
        of each stride's map among the network's, the last of that stride; widths: channels of these maps.
    Raises:
        InputError: when timm has no such network or this machine no such folder; when the network has no map of some
            stride, or cannot see images of this size.
    """
    spec = look(body)
    side = [-(-length // strides[-1]) * strides[-1] for length in shape]
    fixed = {**spec._asdict(), "input": side}
    try:
        told = [one["reduction"] for one in _create(fixed).feature_info.info]
    except FAILURES as error:
        raise _refusal(body, spec, f"timm cannot cut it into maps: {_line(error)}") from None
    if missing := [stride for stride in strides if stride not in told]:
        raise _refusal(body, spec, f"it has maps of strides {_listed(told)} and none of {_listed(missing)}")
    indices = [max(i for i, stride in enumerate(told) if stride == wanted) for wanted in strides]
    try:
        network = _create(fixed, indices).eval()
        with torch.no_grad():
            maps = network(torch.zeros(1, 3, *side))
    except FAILURES as error:
        raise _refusal(body, spec, f"images of {side[0]} × {side[1]} pixels: {_line(error)}") from None
    widths = [int(width) for width in network.feature_info.channels()]
    for found, width, stride in zip(maps, widths, strides, strict=True):
        high, wide = (length // stride for length in side)
        if tuple(found.shape[1:]) != ((high, wide, width) if _is_last(network) else (width, high, wide)):
            raise _refusal(body, spec, f"its map of stride {stride} has the shape {tuple(found.shape[1:])}")
    return {**fixed, "indices": indices, "widths": widths}


class TimmMaps(nn.Module):
    """float [N, 3, H, W] standardised → maps [N, D, H / stride, W / stride], rounded up, the finest first.

    known: what `learn_maps` returned. sizes: (height, width) of each map. The image is filled up on the right and at
    the bottom with 0, the mean colour, so that every position stays where it is.
    """

    def __init__(self, known: Mapping[str, Any], sizes: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.side = (int(known["input"][0]), int(known["input"][1]))
        self.widths = [int(width) for width in known["widths"]]
        self.sizes = list(sizes)
        self.network = _create(known, known["indices"])
        self.last = _is_last(self.network)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.pad(x, (0, self.side[1] - x.shape[3], 0, self.side[0] - x.shape[2]))
        maps = []
        for found, (high, wide) in zip(self.network(x), self.sizes, strict=True):
            planes = found.permute(0, 3, 1, 2) if self.last else found
            maps.append(planes[:, :, :high, :wide])
        return maps


def check_weights(body: Body, known: Mapping[str, Any]) -> None:
    """
    Raises:
        InputError: when the pretrained weights are not on this machine, or not readable.
    """
    _read(body, known)


def map_weights(body: Body, known: Mapping[str, Any]) -> dict[str, Tensor]:
    """Pretrained tensors under the names of `TimmMaps`, as timm's own loader changes them.

    Raises:
        InputError: when they are not on this machine, are of another network, or some are missing.
    """
    found = _read(body, known)
    try:
        first, second = (_loaded(known, found, seed) for seed in (1, 2))
    except FAILURES as error:
        raise InputError(f"not the weights of {_named(known)}: {_line(error)}", where=_source(body, known)) from None
    for name, value in first.items():
        if not torch.equal(value, second[name]):  # timm leaves out in silence what a file lacks: that stays random
            raise InputError(
                f"the weight {name!r} is missing", where=_source(body, known), fix="Is the file complete, and its own?"
            )
    return {f"network.{name}": value for name, value in first.items()}


def _loaded(known: Mapping[str, Any], found: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        overlay = {"state_dict": dict(found)}
        network = _create(known, known["indices"], pretrained=True, pretrained_cfg_overlay=overlay)
    values: dict[str, Tensor] = network.state_dict()
    return values


def _create(known: Mapping[str, Any], indices: Sequence[int] | None = None, **more: Any) -> Any:
    if known["fixed"]:
        more["img_size"] = tuple(known["input"])
    if indices is not None:
        more["out_indices"] = tuple(indices)
    settings = {"pretrained": False, "features_only": True, "in_chans": 3, **more}
    return load_timm().create_model(_named(known), **settings)


def _named(known: Mapping[str, Any]) -> str:
    return str(known["config"]["architecture"])


def _is_last(network: nn.Module) -> bool:
    """Whether its maps have their channels in the last place."""
    return str(getattr(network, "output_fmt", "NCHW")).endswith("NHWC")


def _source(body: Body, known: Mapping[str, Any]) -> str:
    """Where the weights are looked for: what the recipe names, else timm's own place of this network."""
    own = body.model if body.model != _named(known) else load_timm().get_pretrained_cfg(body.model).hf_hub_id
    return str(body.weights or own or body.model)


def _read(body: Body, known: Mapping[str, Any]) -> Mapping[str, Tensor]:
    try:
        return read_weights(_source(body, known), f"timm {_named(known)}")
    except InputError as error:
        choices = "Set weights: a .safetensors file or its folder; or pretrained: false"
        fix = f"{error.fix.rstrip('.?')}. {choices}" if error.fix else choices
        raise InputError(error.what, where=error.where, fix=fix) from None


def _refusal(body: Body, spec: Spec, why: str) -> InputError:
    name = spec.config["architecture"]
    called = repr(name) if body.model == name else f"{body.model!r} ({name})"
    return InputError(
        f"{called} is no body for a pyramid: {why}",
        where="body",
        fix="Name a network that shrinks its maps step by step: resnet18, convnext_atto, mobilenetv3_small_050",
    )


def _listed(strides: Sequence[int]) -> str:
    return ", ".join(str(stride) for stride in dict.fromkeys(strides))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
