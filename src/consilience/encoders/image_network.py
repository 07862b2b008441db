"""Any image network of torchvision, timm or transformers: from scratch, or with weights that lie on this machine.

The literature's networks have names of their own (`core.presets`): `type: resnet18` is all a recipe needs. Their
classifiers are left out and so are helper outputs (GoogLeNet, Inception); pixels are scaled on the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.image_input import Augment, Planes
from consilience.encoders.networks.library import Library, Spec, library
from consilience.encoders.networks.sides import wanted_side, workable_side
from consilience.encoders.networks.letterbox import Letterbox
from consilience.encoders.networks.weight_file import fill

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

SMALLEST, LARGEST = 8, 1024
"""Bounds of the prepared image, pixels: those of `Prepare.image_size`."""


class ImageNetwork(Encoder):
    """One token an image, or one a position of the last map.

    inputs: pixels uint8 [B, C, H, W, K], mask bool [B, C]. facts: height, width, channels, mean and std, and "network":
    what `learn` found. Grey images become three equal colours, which is exact for pretrained weights.
    """

    modality = "image"
    convolves = True

    class Config(Encoder.Config, Augment):
        library: Literal["torchvision", "timm", "transformers"] = "timm"
        """Where the network comes from."""
        model: str
        """The library's name of the network."""
        pretrained: bool = False
        """Begin with weights from this machine; False = from scratch. Nothing is ever downloaded."""
        weights: str | None = None
        """A .safetensors file, a folder that holds one, or a cached name of the Hugging Face hub; by `model` when
        None."""
        size: int | None = Field(None, ge=SMALLEST, le=LARGEST)
        """Longer side of what the network sees, pixels. None: the pretraining's with `pretrained`, else the prepared
        image's; more where the network refuses so few."""
        tokens: Literal["image", "patch"] = "image"
        """image: one token; patch: one token a position of the last map."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the tokens."""
        rate: float | None = Field(None, gt=0)
        """Factor of the learning rate."""
        checkpointing: bool = False
        """Trade time for memory: compute activations twice."""

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        side = config.size or (library(config.library).look(config).side if config.pretrained else None)
        return prepare.model_copy(update={"image_size": min(LARGEST, side)}) if side else prepare

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        source = library(config.library)
        spec = source.look(config)
        size = config.size or (spec.side if config.pretrained or (spec.fixed and spec.patch == 1) else None)
        wanted = wanted_side(spec, (int(facts["height"]), int(facts["width"])), size)
        side = workable_side(lambda s: source.build(config, spec, s), spec, wanted)
        return {"network": {**spec._asdict(), "input": list(side)}}

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        known = dict(facts["network"])
        self.side: tuple[int, int] = tuple(known.pop("input"))
        self.spec, self.source = Spec(**known), library(config.library)
        self.grey = int(facts["channels"]) == 1
        scale = {"mean": self.spec.mean, "std": self.spec.std} if config.pretrained else _coloured(facts)
        self.planes = Planes(scale, config.model_copy(update={"colour": 0.0}) if self.grey else config)
        self.letterbox = Letterbox((int(facts["height"]), int(facts["width"])), self.side)
        self.body = self.source.build(config, self.spec, self.side)
        self.shape = _shape(self.body, self.side)
        self.width = self.shape[1]
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def begin(self) -> None:
        if self.options.pretrained:
            values = self.source.weights(self.options, self.spec, self.side)
            fill(self.body, values, self.options.weights or self.options.model)

    def rates(self) -> dict[str, float]:
        """Networks without batch normalisation learn at a tenth: at the usual rate they do not learn at all."""
        normal = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.body.modules())
        factor = self.options.rate or (1.0 if normal else 0.1)
        return {f"body.{name}": factor for name, _ in self.body.named_parameters()}

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        present = inputs["mask"].flatten()
        x = on_present(self.see, present, self.shape, inputs["pixels"].flatten(0, 1), skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, self.shape[0]))
        return tokens

    def see(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, K] → [N, T, width]."""
        pixels = pixels.expand(-1, -1, -1, 3) if self.grey else pixels
        x = self.letterbox(self.planes(pixels))
        if self.training and len(x) == 1:  # one image has no batch statistics: take the running ones
            self.body.eval()
            x = self.body(x)
            self.body.train()
        else:
            x = self.body(x)
        seen: Tensor = self.dropout(x.float())
        return seen


def _coloured(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and spread of three colours."""
    return {key: list(facts[key]) * (3 // len(facts[key])) for key in ("mean", "std")}


@torch.no_grad()
def _shape(body: nn.Module, side: tuple[int, int]) -> tuple[int, int]:
    """(T, D) of the body's tokens."""
    body.eval()
    tokens, width = body(torch.zeros(1, 3, *side)).shape[1:]
    body.train()
    return int(tokens), int(width)
