"""Any image network of torchvision, timm or transformers: from scratch, or with weights that lie on this machine.

The literature's networks have names of their own (`core.presets`): `type: resnet18` is all a recipe needs. Their
classifiers are left out and so are helper outputs (GoogLeNet, Inception); pixels are scaled on the device.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from consilience.core.errors import InputError
from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder, Trunk
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.image_input import Augment, Planes
from consilience.encoders.networks.letterbox import Letterbox
from consilience.encoders.networks.library import Spec, library
from consilience.encoders.networks.sides import wanted_side, workable_side
from consilience.encoders.pretrained.tune import TuneConfig, body_rates, check_tune, fill, prepare_body, set_training

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

LEAST_MOMENTUM = 0.1
"""Of batch normalisation from scratch: PyTorch's usual."""
SMALLEST, LARGEST = 8, 1024
"""Bounds of the prepared image, pixels: those of `Prepare.image_size`."""


class ImageNetwork(Encoder):
    """One token an image, or one a position of the last map.

    inputs: pixels uint8 [B, C, H, W, K], mask bool [B, C]. facts: height, width, channels, mean and std, and "network":
    what `learn` found. Grey images become three equal colours, which is exact for pretrained weights.
    """

    modality = "image"
    convolves = True
    costly = True

    class Config(TuneConfig, Augment):
        library: Literal["torchvision", "timm", "transformers"] = "timm"
        """Where the network comes from."""
        model: str
        """The library's name of the network."""
        options: dict[str, Any] = {}
        """More arguments of the library's builder: depth and embed_dim of a ViT, for example."""
        pretrained: bool = False
        """Begin with weights from this machine; False = from scratch. Nothing is ever downloaded."""
        tune: Literal["frozen", "head", "last_n", "lora", "full"] = "full"
        """What of the network trains; see the table in `encoders/pretrained/tune.py`."""
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

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        side = config.size or (library(config.library).look(config).side if config.pretrained else None)
        return prepare.model_copy(update={"image_size": min(LARGEST, side)}) if side else prepare

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        check_tune(config, config.model)
        source = library(config.library)
        with _refused(config):
            spec = source.look(config)
        size = config.size or (spec.side if config.pretrained or (spec.fixed and spec.patch == 1) else None)
        wanted = wanted_side(spec, (int(facts["height"]), int(facts["width"])), size)
        side = workable_side(lambda s: _built(config, spec, s), spec, wanted)
        return {"network": {**spec._asdict(), "input": list(side)}}

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        known = dict(facts["network"])
        self.side: tuple[int, int] = tuple(known.pop("input"))
        self.spec = Spec(**known)
        self.grey = int(facts["channels"]) == 1
        scale = {"mean": self.spec.mean, "std": self.spec.std} if config.pretrained else _coloured(facts)
        self.planes = Planes(scale, config.model_copy(update={"colour": 0.0}) if self.grey else config)
        self.given = (int(facts["height"]), int(facts["width"]))
        self.letterbox = Letterbox(self.given, self.side)
        self.body = _built(config, self.spec, self.side)
        if not config.pretrained:
            _follow(self.body)
        prepare_body(self.body, config)
        self.fixed = config.tune == "frozen"
        self.shape = _shape(self.body, self.side)
        self.width = self.shape[1]
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def begin(self) -> None:
        if self.options.pretrained:
            values = library(self.options.library).weights(self.options, self.spec, self.side)
            own = {name: v for name, v in self.body.state_dict().items() if name.endswith("num_batches_tracked")}
            fill(self.body, {**own, **values}, self.options.weights or self.options.model)

    def rates(self) -> dict[str, float]:
        """From scratch, networks without batch normalisation learn at a tenth: at the usual rate they learn nothing."""
        options = self.options
        if not options.pretrained and options.rate is None:
            normal = any(isinstance(m, _BatchNorm) for m in self.body.modules())
            options = options.model_copy(update={"rate": 1.0 if normal else 0.1})
        return body_rates(self.body, options, "body")

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self._train_body(mode)
        self.planes.train(mode and not self.fixed)
        return self

    def _train_body(self, mode: bool) -> None:
        set_training(self.body, self.options, mode)
        for module in self.body.modules():
            if isinstance(module, _BatchNorm) and not any(p.requires_grad for p in module.parameters()):
                module.eval()  # statistics are weights too: they stay with those that do not train

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """features [B, C, T, D] and mask [B, C]."""
        mask = inputs["mask"]
        seen = self.look(inputs["pixels"].flatten(0, 1)) * mask.reshape(-1, 1, 1)
        return {"features": seen.reshape(*mask.shape, *self.shape), "mask": mask}

    def fixed_by(self) -> str:
        options = self.options
        known = {"spec": self.spec._asdict(), "side": self.side, "planes": self.planes.scale.tolist()}
        return json.dumps([options.library, options.model, options.tokens, options.options, known], sort_keys=True)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        present = inputs["mask"].flatten()
        if "features" in inputs:
            x = inputs["features"].flatten(0, 1).float()
        else:
            x = on_present(self.look, present, self.shape, inputs["pixels"].flatten(0, 1), skip=self.training)
        tokens: Tokens = self.columns(self.dropout(x), present.unsqueeze(1).expand(-1, self.shape[0]))
        return tokens

    def trunk(self) -> Trunk | None:
        """None where parts of the body do not train: what stays as it was learned cannot make up for a channel."""
        pixels = torch.zeros(2, *self.given, 1 if self.grey else 3, dtype=torch.uint8)
        return Trunk((pixels,), self.look) if self.options.tune == "full" else None

    def look(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, K] → [N, T, width]."""
        pixels = pixels.expand(-1, -1, -1, 3) if self.grey else pixels
        x = self.letterbox(self.planes(pixels))
        if self.training and len(x) == 1:  # one image has no batch statistics: take the running ones
            self.body.eval()
            x = self.body(x)
            self._train_body(True)
        else:
            x = self.body(x)
        seen: Tensor = x.float()
        return seen


def _built(config: ImageNetwork.Config, spec: Spec, side: tuple[int, int]) -> nn.Module:
    with _refused(config):
        return library(config.library).build(config, spec, side)


@contextmanager
def _refused(config: ImageNetwork.Config) -> Iterator[None]:
    """
    Raises:
        InputError: when the library refuses the user's options.
    """
    try:
        yield
    except TypeError as error:
        if not config.options:
            raise
        raise InputError(f"{config.library} refuses the options {config.options}: {error}", where="options") from None


def _follow(body: nn.Module) -> None:
    """Let running statistics follow within tens of steps: MobileNetV3's and EfficientNet's are set to follow within
    hundreds, and a short training would be judged by those of the beginning."""
    for module in body.modules():
        if isinstance(module, _BatchNorm) and module.momentum is not None:
            module.momentum = max(module.momentum, LEAST_MOMENTUM)


def _coloured(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and spread of three colours."""
    return {key: list(facts[key]) * (3 // len(facts[key])) for key in ("mean", "std")}


@torch.no_grad()
def _shape(body: nn.Module, side: tuple[int, int]) -> tuple[int, int]:
    """(T, D) of the body's tokens."""
    tokens, width = body.eval()(torch.zeros(1, 3, *side)).shape[1:]
    body.train()
    return int(tokens), int(width)
