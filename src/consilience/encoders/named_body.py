"""A body of another library under a pyramid: its options, its weights, how it trains.

From weights, batch normalisation keeps the statistics it was learned with, as He et al. 2016 (arXiv 1512.03385,
appendix A) do for detection: batches of a few large images tell too little of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from consilience.core.errors import InputError
from consilience.encoders.base import Encoder
from consilience.encoders.image_input import Augment, Planes
from consilience.encoders.networks.timm_maps import Body, TimmMaps, check_weights, learn_maps, map_weights
from consilience.encoders.pretrained.tune import TuneConfig, body_rates, check_tune, fill, prepare_body


class BodyConfig(Encoder.Config):
    """Abstract. Options of an encoder whose body can be one of timm's."""

    body: str | None = Field(None, min_length=1)
    """A network of timm whose maps shrink step by step (resnet18, convnext_atto), a saved model's folder, or a cached
    name of the Hugging Face hub (timm/resnet18.a1_in1k); the encoder's own body when None."""
    pretrained: bool = True
    """Begin a named body with weights from this machine; False = from scratch. Nothing is ever downloaded."""
    weights: str | None = None
    """Of a named body: a .safetensors file, a folder that holds one, or a cached name of the hub; by `body` when
    None."""
    tune: Literal["full", "head"] = "full"
    """Of a named body, what trains: everything, or only what stands on it (head)."""
    rate: float | None = Field(None, gt=0)
    """Factor of the learning rate for a named body; by its size when None: of pretrained ResNet-18 0.1, from scratch
    1, without batch normalisation 0.1."""


class NamedBody(nn.Module):
    """uint8 [N, H, W, K] → maps [N, D, h, w], the finest first. Grey images become three equal colours.

    facts: height, width, channels, mean, std and "network", what `learn_maps` found. sizes: (h, w) of each map.
    """

    def __init__(self, config: Any, facts: Mapping[str, Any], sizes: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.known = dict(facts["network"])
        self.options = config
        self.grey = int(facts["channels"]) == 1
        scale = self.known if config.pretrained else _coloured(facts)
        augment: Augment = config.model_copy(update={"colour": 0.0}) if self.grey else config
        self.planes = Planes(scale, augment)
        self.maps = TimmMaps(self.known, sizes)
        self.widths = self.maps.widths
        prepare_body(self.maps, _tuning(config))
        self.statistics = not config.pretrained
        """Whether batch normalisation learns its statistics anew."""

    def begin(self) -> None:
        if self.options.pretrained:
            values = map_weights(_named(self.options), self.known)
            fill(self.maps, values, self.options.weights or self.options.body)

    def rates(self) -> dict[str, float]:
        """Parameter name → factor of the learning rate, as `Encoder.rates`: the optimiser asks every module."""
        options = _tuning(self.options)
        if options.rate is None and not options.pretrained:
            normal = any(isinstance(module, _BatchNorm) for module in self.modules())
            options = options.model_copy(update={"rate": 1.0 if normal else 0.1})
        return body_rates(self.maps, options, "maps")

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if not self.statistics:
            for module in self.maps.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, pixels: Tensor) -> list[Tensor]:
        planes = self.planes(pixels.expand(-1, -1, -1, 3) if self.grey else pixels)
        if self.training and len(planes) == 1:  # one image has no batch statistics: take the running ones
            self.maps.eval()
            found: list[Tensor] = self.maps(planes)
            self.train()
            return found
        maps: list[Tensor] = self.maps(planes)
        return maps


def learn_body(config: Any, facts: Mapping[str, Any], strides: Sequence[int]) -> dict[str, Any]:
    """{"network": what `learn_maps` found}; empty where no body is named.

    Raises:
        InputError: when the body is unknown, makes no such maps, or its weights are not on this machine.
    """
    if config.body is None:
        if config.weights is not None:
            raise InputError("weights of no body", where="weights", fix="Name one, body: resnet18 for example")
        return {}
    check_tune(_tuning(config), config.body)
    body = _named(config)
    known = learn_maps(body, (int(facts["height"]), int(facts["width"])), strides)
    if config.pretrained:
        check_weights(body, known)
    return {"network": known}


def _named(config: Any) -> Body:
    return Body(config.body, config.weights)


def _tuning(config: Any) -> TuneConfig:
    return TuneConfig(pretrained=config.pretrained, tune=config.tune, rate=config.rate)


def _coloured(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and spread of three colours."""
    return {key: list(facts[key]) * (3 // len(facts[key])) for key in ("mean", "std")}
