"""What image encoders share: bytes to standardised, augmented planes on the device."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.config import Config as Block
from consilience.encoders.image_augment import jitter, warp


class Augment(Block):
    """Abstract. Strength of the random changes in training; nothing changes at prediction."""

    augment: bool = True
    """Change images at random in training."""
    shift: float = Field(0.08, ge=0, le=1)
    """Largest move, share of the side."""
    rotation: float = Field(10.0, ge=0, le=180)
    """Largest rotation, degrees."""
    zoom: float = Field(0.12, ge=0, le=1)
    """Largest change of height and width, share."""
    flip: bool = False
    """Mirror half of the images. Off: a mirrored letter or a mirrored heart is another thing."""
    colour: float = Field(0.2, ge=0, le=1)
    """Strength of brightness, contrast and saturation changes of colour images."""


class Planes(nn.Module):
    """uint8 [N, H, W, K] → float [N, K, H, W], standardised with the training rows' mean and spread."""

    def __init__(self, facts: dict[str, Any], options: Augment) -> None:
        super().__init__()
        self.options = options
        mean = torch.tensor(facts["mean"], dtype=torch.float32)
        std = torch.tensor(facts["std"], dtype=torch.float32).clamp(min=1e-3)
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("offset", -mean / std, persistent=False)

    scale: Tensor
    offset: Tensor

    def forward(self, pixels: Tensor) -> Tensor:
        x = (pixels.float() * self.scale + self.offset).permute(0, 3, 1, 2)  # stays channels_last in memory
        options = self.options
        if not self.training or not options.augment:
            return x
        if options.shift or options.rotation or options.zoom or options.flip:
            x = warp(x, options.shift, options.rotation, options.zoom, options.flip)
        return jitter(x, options.colour) if x.shape[1] == 3 and options.colour else x
