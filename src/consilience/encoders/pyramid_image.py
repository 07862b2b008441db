"""Images through a residual network and a feature pyramid: a token a position of several maps, fine to coarse.

He et al. 2016, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385), with the top-down pyramid of Lin et
al. 2017, "Feature Pyramid Networks for Object Detection" (arXiv 1612.03144), in a size that a processor trains; or a
network of timm under that pyramid, pretrained where its weights lie on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.image_input import Augment, Planes
from consilience.encoders.named_body import BodyConfig, NamedBody, learn_body

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

STRIDES = (4, 8, 16, 32)
"""Pixels of the prepared image between two positions of the body's maps."""
WIDENING = (1, 2, 3, 4)
"""Channels of each map, in multiples of `channels`."""


class PyramidImage(Encoder):
    """Tokens of every position of every map of the pyramid, map by map from the finest, each row by row.

    inputs: pixels uint8 [B, C, H, W, K], mask bool [B, C]. facts: height, width, channels, mean and std. It is the
    encoder of the task `detection`, which reads the maps back from the tokens (`levels` says their sizes).
    """

    modality = "image"
    convolves = True
    costly = True

    class Config(BodyConfig, Augment):
        channels: int = Field(32, ge=4)
        """Scale of the own body's widths: its maps have 1, 2, 3 and 4 times as many."""
        blocks: tuple[int, int, int, int] = (1, 1, 1, 1)
        """Residual blocks of each map of the own body."""
        width: int = Field(64, ge=4)
        """Width of the pyramid, and so of the tokens."""
        finest: Literal[4, 8] = 8
        """Pixels of the prepared image between two positions of the finest map: 4 for very small things, and slow."""
        shift: float = Field(0.0, ge=0, le=1)
        """Off: boxes would not move along (the task detection moves both)."""
        rotation: float = Field(0.0, ge=0, le=180)
        """Off, as `shift`."""
        zoom: float = Field(0.0, ge=0, le=1)
        """Off, as `shift`."""
        keep_size: bool = False
        """Also prepare each image's own height and width, which boxes are told in."""

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        return prepare.model_copy(update={"keep_size": config.keep_size})

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        """With a named body: "network", what `learn_maps` found."""
        return learn_body(config, facts, [stride for stride in STRIDES if stride >= config.finest])

    @staticmethod
    def levels(config: Config, facts: Mapping[str, Any]) -> list[tuple[int, int, int]]:
        """(height, width, stride) of each map of the pyramid, the finest first."""
        height, width = _halved(int(facts["height"])), _halved(int(facts["width"]))
        found = []
        for stride in STRIDES:
            height, width = _halved(height), _halved(width)
            found.append((height, width, stride))
        return [level for level in found if level[2] >= config.finest]

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.sizes = [(height, width) for height, width, _ in self.levels(config, facts)]
        self.skipped = len(STRIDES) - len(self.sizes)
        self.body: NamedBody | None = None
        if config.body is None:
            self.planes = Planes(facts, config)
            self._own_body(config, int(facts["channels"]))
            widths = [config.channels * widening for widening in WIDENING[self.skipped :]]
        else:
            self.body = NamedBody(config, facts, self.sizes)
            widths = self.body.widths
        self.across = nn.ModuleList(nn.Conv2d(width, config.width, 1) for width in widths)
        self.smooth = nn.ModuleList(_conv(config.width, config.width, 3, 1) for _ in widths)
        self.width = config.width
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def _own_body(self, config: Config, planes: int) -> None:
        stem = max(4, config.channels // 2)
        self.stem = _conv(planes, stem, 5, 2)
        inside, stages = stem, []
        for widening, blocks in zip(WIDENING, config.blocks, strict=True):
            channels = config.channels * widening
            stages.append(nn.Sequential(_conv(inside, channels, 3, 2), *(_Residual(channels) for _ in range(blocks))))
            inside = channels
        self.stages = nn.ModuleList(stages)

    def begin(self) -> None:
        if self.body is not None:
            self.body.begin()

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        present = inputs["mask"].flatten()
        pixels = inputs["pixels"].flatten(0, 1)
        shape = (sum(h * w for h, w in self.sizes), self.width)
        x = on_present(self.see, present, shape, pixels, skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, shape[0]))
        return tokens

    def see(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, K] → [N, T, width]: every position of every map, the finest map first."""
        maps = self._maps(pixels) if self.body is None else self.body(pixels)
        found: list[Tensor] = []
        above: Tensor | None = None
        for across, smooth, lower in zip(reversed(self.across), reversed(self.smooth), reversed(maps), strict=True):
            here = across(lower)
            if above is not None:
                here = here + F.interpolate(above, size=self.sizes[-1 - len(found)], mode="nearest")
            above = here
            found.append(smooth(here).flatten(2).transpose(1, 2))
        return torch.cat(found[::-1], 1).float()

    def _maps(self, pixels: Tensor) -> list[Tensor]:
        """The own body's maps [N, D, h, w], the finest first."""
        x = self.stem(self.planes(pixels))
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps[self.skipped :]


def _halved(side: int) -> int:
    return -(-side // 2)


def _conv(inside: int, outside: int, kernel: int, stride: int) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """x + two 3×3 convolutions, which begin as nothing (Goyal et al. 2017, arXiv 1706.02677)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels, 3, 1)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.norm(self.second(self.first(x))))
