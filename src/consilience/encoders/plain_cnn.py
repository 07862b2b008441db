"""The plain CNN of the textbooks: 3×3 convolutions and 2×2 max pooling, then a dense layer.

The layout follows LeCun et al. 1998 in the form of Chollet, "Deep Learning with Python" (2017), listing 5.1:
conv 32, pool, conv 64, pool, conv 64, dense 64.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder, Trunk
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.image_input import Augment, Planes

LARGEST_MAP = 8
"""Side, pixels: larger last maps are averaged down to it, so that the dense layer stays small."""


class PlainCNN(Encoder):
    """One token an image.

    inputs: pixels uint8 [B, C, H, W, K], mask bool [B, C]. facts: height, width, channels, mean and std.
    """

    modality = "image"
    convolves = True

    class Config(Encoder.Config, Augment):
        channels: tuple[int, ...] = Field((32, 64, 64), min_length=1)
        """Channels of the convolutions."""
        width: int = Field(64, ge=1)
        """Units of the dense layer."""
        dropout: float = Field(0.0, ge=0, lt=1)
        """Dropout of the dense layer."""
        augment: bool = False
        """Change images at random in training; the textbook doesn't."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.planes = Planes(facts, config)
        side = (int(facts["height"]), int(facts["width"]))
        inside = int(facts["channels"])
        self.shape = (*side, inside)
        self.convs, self.pools = nn.ModuleList(), []
        for i, channels in enumerate(config.channels):
            roomy = min(side) >= 5  # the textbook takes no padding; small images need it
            self.convs.append(nn.Conv2d(inside, channels, 3, padding=0 if roomy else 1))
            side = (side[0] - 2, side[1] - 2) if roomy else side
            self.pools.append(i + 1 < len(config.channels) and min(side) >= 2)
            side = (side[0] // 2, side[1] // 2) if self.pools[-1] else side
            inside = channels
        self.shrink = max(1, -(-max(side) // LARGEST_MAP))
        area = (-(-side[0] // self.shrink)) * (-(-side[1] // self.shrink))
        self.dense = nn.Linear(inside * area, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.width = config.width
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        present = inputs["mask"].flatten()
        tokens: Tokens = self.columns(self.see(inputs["pixels"].flatten(0, 1)), present.unsqueeze(1))
        return tokens

    def trunk(self) -> Trunk:
        return Trunk((torch.zeros(2, *self.shape, dtype=torch.uint8),), self.see)

    def see(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, K] → [N, 1, width]."""
        x = self.planes(pixels)
        for conv, pool in zip(self.convs, self.pools, strict=True):
            x = torch.relu(conv(x))
            if pool:
                x = F.max_pool2d(x, 2)
        if self.shrink > 1:
            x = F.avg_pool2d(x, self.shrink, ceil_mode=True)
        out: Tensor = self.dropout(torch.relu(self.dense(x.flatten(1)))).unsqueeze(1)
        return out
