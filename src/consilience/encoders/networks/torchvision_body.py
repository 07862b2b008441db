"""torchvision's classification networks without their classifier: global average of the last map, or its regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from consilience.core.errors import InputError, MissingExtraError, nearest
from consilience.encoders.networks.library import Spec
from consilience.encoders.networks.weight_file import read_weights

PIXELS = ("googlenet", "inception_v3")
"""Pretrained with pixels scaled by a half around a half: torchvision changes ImageNet's scale inside the network."""


def _models() -> Any:
    try:
        from torchvision import models
    except ImportError:
        raise MissingExtraError("torchvision", "pretrained", "An image network of torchvision") from None
    return models


def look(options: Any) -> Spec:
    models = _models()
    known = models.list_models(module=models)
    if options.model not in known:
        fix = nearest(options.model, known)
        raise InputError(f"torchvision has no classification network {options.model!r}", fix=fix)
    usual = models.get_model_weights(options.model).DEFAULT.transforms()
    vit, patch = options.model.startswith("vit"), 1
    if vit:
        patch = int(options.model.rsplit("_", 1)[1])
    fixed = vit or options.model == "maxvit_t"
    return Spec(list(usual.mean), list(usual.std), int(usual.crop_size[0]), fixed, fixed, patch, {})


def build(options: Any, spec: Spec, side: tuple[int, int]) -> nn.Module:
    if options.checkpointing:
        raise InputError("torchvision's networks have no checkpointing", fix="Take one of timm: type timm_image")
    if options.tokens != "image":
        raise InputError("torchvision's networks give one token an image", fix="Take one of timm: type timm_image")
    models, more = _models(), dict(options.options)
    if options.model in PIXELS:
        more |= {"aux_logits": False, "init_weights": False, "transform_input": options.pretrained}
    elif spec.fixed and options.model.startswith("vit"):
        more["image_size"] = side[0]
    elif spec.fixed:
        more["input_size"] = side
    if options.model.startswith(("alexnet", "vgg")):  # no numbers are drawn for the classifier: it is most of them
        more |= {"init_weights": False} if options.model.startswith("vgg") else {}
        with torch.device("meta"):
            network = _cut(models.get_model(options.model, weights=None, **more))
        return _Pooled(_drawn(network.to_empty(device=torch.get_default_device())))
    return _Pooled(_cut(models.get_model(options.model, weights=None, **more)))


def weights(options: Any, spec: Spec, side: tuple[int, int]) -> Mapping[str, Tensor]:
    found = read_weights(options.weights, f"torchvision {options.model}")
    return {f"network.{name}": value for name, value in found.items()}


class _Pooled(nn.Module):
    """[N, 3, H, W] → [N, 1, D]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.network(x)
        return found.flatten(1).unsqueeze(1)


@torch.no_grad()
def _drawn(network: nn.Module) -> nn.Module:
    """Beginning weights: for convolutions those of He et al. 2015 (arXiv 1502.01852), as torchvision draws them."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return network


def _cut(network: nn.Module) -> nn.Module:
    """The network with its classifier replaced: also the hidden layers of AlexNet's and VGG's, which hold most of their
    parameters and one image size; MobileNetV3's too."""
    kind = type(network).__name__
    if kind in ("AlexNet", "VGG"):
        network.avgpool = nn.AdaptiveAvgPool2d(1)
    if kind == "SqueezeNet":
        network.classifier = nn.AdaptiveAvgPool2d(1)
        return network
    if kind == "ConvNeXt":
        norm, flatten, _ = network.classifier.children()  # type: ignore[union-attr]
        network.classifier = nn.Sequential(norm, flatten)
        return network
    for name in ("fc", "heads", "head", "classifier"):
        if hasattr(network, name):
            setattr(network, name, nn.Identity())
            return network
    raise InputError(f"{kind} has no classifier that is known here", fix="Take another network")
