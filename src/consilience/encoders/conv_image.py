"""Images through a small residual network.

He et al. 2016, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385), cut to a size that a processor
trains in seconds: a strided stem brings the pixels down, each stage halves the side and widens, residual blocks stand
where maps are small and so are cheap; the last map's mean and largest value are kept.

A processor waits for memory, not for products: of a step on large maps, norms, pooling and activations took two thirds.
So the first stage strides, and others pool before they norm (as in Page 2018, "How to train your ResNet").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder, Trunk
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.image_input import Augment, Planes

WIDENING = (1.5, 2, 3, 4, 6, 8)
"""Width of each stage: wide early, where a small network on few epochs gains most (measured on MNIST)."""


class ConvImage(Encoder):
    """One token an image, or `grid`² tokens of its regions.

    inputs: pixels uint8 [B, C, H, W, K], mask bool [B, C]. facts: height, width, channels, mean and std (a
    channel, 0..1 scale).
    """

    modality = "image"
    convolves = True

    class Config(Encoder.Config, Augment):
        channels: int = Field(32, ge=4)
        """Scale of all widths: the stem has 3/4 of it, the stages 3/2, 2, 3, 4, 6 and 8 times as many."""
        blocks: tuple[int, ...] = Field((0, 0, 0, 1), min_length=1, max_length=6)
        """Residual blocks of each stage; a small image has fewer stages."""
        grid: int = Field(1, ge=1, le=8)
        """Regions a side that become tokens; 1 = one token for the whole image."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the tokens."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.planes = Planes(facts, config)
        size = int(facts["height"]), int(facts["width"])
        self.shape = (*size, int(facts["channels"]))
        self.body, inside, (height, width) = residual_body(int(facts["channels"]), size, config.channels, config.blocks)
        self.grid = min(config.grid, height, width)
        self.width = 2 * inside
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        present = inputs["mask"].flatten()
        pixels = inputs["pixels"].flatten(0, 1)
        shape = (self.grid**2, self.width)
        x = on_present(self.see, present, shape, pixels, skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, self.grid**2))
        return tokens

    def trunk(self) -> Trunk:
        return Trunk((torch.zeros(2, *self.shape, dtype=torch.uint8),), self.see)

    def see(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, K] → [N, grid², width]: mean and largest value of each region."""
        maps = self.body(self.planes(pixels))
        height, width = maps.shape[-2:]
        regions = []
        for i in range(self.grid):
            for j in range(self.grid):
                part = maps[:, :, _cut(height, i, self.grid), _cut(width, j, self.grid)]
                regions.append(torch.cat([part.mean((2, 3)), part.amax((2, 3))], -1))
        pooled: Tensor = self.dropout(torch.stack(regions, 1).float())
        return pooled


def residual_body(
    inside: int, size: tuple[int, int], scale: int, blocks: Sequence[int]
) -> tuple[nn.Sequential, int, tuple[int, int]]:
    """Stem and stages for planes [N, inside, height, width]; also the channels and (height, width) of the maps.

    Args:
        scale: of all widths, see `ConvImage.Config.channels`. blocks: residual blocks of each stage.
    """
    height, width = size
    layers: list[nn.Module] = []
    for i, stride in enumerate(_stem(height, width)):
        stem = max(4, scale * 3 // 4)
        layers.append(_Conv(inside, stem, 3 if i else 5, stride))
        inside, height, width = stem, -(-height // stride), -(-width // stride)
    stages = _stages(height, width, blocks)
    for stage, count in enumerate(stages):
        channels = int(scale * WIDENING[stage])
        halved = stage + 1 < len(stages)
        first = stage == 0 and halved and not count
        layers.append(_Conv(inside, channels, 3, 2 if first else 1, pool=halved and not count and not first))
        layers += [_Residual(channels) for _ in range(count)]
        if count and halved:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        if halved:
            height, width = -(-height // 2), -(-width // 2)
        inside = channels
    return nn.Sequential(*layers), inside, (height, width)


def _stem(height: int, width: int) -> list[int]:
    """Strides of the stem's convolutions: sides come down to about 14 to 32 before the first stage."""
    strides, side = [2 if max(height, width) > 16 else 1], max(height, width)
    while side > 64:
        strides.append(2)
        side //= 2
    return strides


def _stages(height: int, width: int, blocks: Sequence[int]) -> list[int]:
    """Residual blocks of each stage that a map of this size has: sides of less than 5 are not halved again."""
    found = list(blocks[:1])
    for count in blocks[1:]:
        if min(height, width) < 5:
            break
        height, width = -(-height // 2), -(-width // 2)
        found.append(count)
    return found


def _cut(size: int, index: int, parts: int) -> slice:
    return slice(index * size // parts, -(-(index + 1) * size // parts))


class _Conv(nn.Module):
    """Convolution, the largest of 2 × 2 where asked, batch normalisation, ReLU."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, pool: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False),
            *((nn.MaxPool2d(2, ceil_mode=True),) if pool else ()),
            nn.BatchNorm2d(outside),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.body(x)
        return found


class _Residual(nn.Module):
    """x + two 3×3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(channels)
        nn.init.zeros_(last.weight)  # the block starts as the identity (Goyal et al. 2017, arXiv 1706.02677)
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            last,
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))
