"""What video encoders share: bytes to standardised frames, changed alike over a whole video, and their motion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from consilience.encoders.columns import on_present
from consilience.encoders.image_augment import jitter, warp
from consilience.encoders.image_input import Augment

WAVES = 4
"""Sines and cosines that say where in its video a frame stands."""
CLOCK = 2 * WAVES + 1
LONG = 8.0
"""The logarithm of a duration in seconds is divided by this: one hour is about 1."""


class VideoOptions(Augment):
    """Abstract. What all video encoders are asked: augmentation, and whether they see motion."""

    motion: bool = True
    """Give each frame's difference to the one before as further channels: direction is plain to see in it."""


class Frames(nn.Module):
    """uint8 [N, F, H, W, K] → float [N, F, K or 2K, H, W], standardised; 0 under a False mask.

    A random change in training is the same for all frames of a video, so that it adds no motion.
    """

    def __init__(self, facts: dict[str, Any], options: VideoOptions) -> None:
        super().__init__()
        self.options = options
        mean = torch.tensor(facts["mean"], dtype=torch.float32)
        std = torch.tensor(facts["std"], dtype=torch.float32).clamp(min=1e-3)
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("offset", -mean / std, persistent=False)
        self.channels = len(mean) * (2 if options.motion else 1)

    scale: Tensor
    offset: Tensor

    def forward(self, frame: Tensor, mask: Tensor) -> Tensor:
        """frame: uint8 or float [N, F, H, W, K]; mask: bool [N, F]."""
        x = (frame.float() * self.scale + self.offset).permute(0, 1, 4, 2, 3)
        if self.training and self.options.augment:
            x = self._changed(x)
        there = mask[:, :, None, None, None].to(x.dtype)
        x = x * there
        if not self.options.motion:
            return x
        both = there[:, 1:] * there[:, :-1]
        moved = (x[:, 1:] - x[:, :-1]) * both
        return torch.cat([x, torch.cat([torch.zeros_like(x[:, :1]), moved], 1)], 2)

    def _changed(self, x: Tensor) -> Tensor:
        options, (count, frames, channels, height, width) = self.options, x.shape
        if options.shift or options.rotation or options.zoom or options.flip:
            x = warp(x.flatten(1, 2), options.shift, options.rotation, options.zoom, options.flip)
            x = x.reshape(count, frames, channels, height, width)
        if channels == 3 and options.colour:
            side = x.transpose(1, 2).flatten(2, 3)  # the frames below each other: one picture a video
            x = jitter(side, options.colour).reshape(count, channels, frames, height, width).transpose(1, 2)
        return x


def watched(
    watch: Callable[..., Tensor], inputs: Mapping[str, Tensor], shape: tuple[int, int], skip: bool
) -> tuple[Tensor, Tensor]:
    """`watch` (frame, second, mask of each video) → [N, *shape] on the videos that are there: [B · C, T, D] and their
    mask [B · C, T]. skip: see `columns.on_present`."""
    frame, second, mask = (inputs[name].flatten(0, 1) for name in ("frame", "second", "mask"))
    present = mask.any(1)
    x = on_present(watch, present, shape, frame, second, mask, skip=skip)
    return x, present.unsqueeze(1).expand(-1, shape[0])


def clock(second: Tensor, mask: Tensor) -> Tensor:
    """When each frame is: sines and cosines of its share of the video's time, and the logarithm of that time.

    second: float [N, F]; mask: bool [N, F] → float [N, F, CLOCK], 0 under a False mask.
    """
    second = second.float() * mask
    whole = second.amax(1, keepdim=True)
    share = (second / whole.clamp(min=1e-6)).unsqueeze(-1)
    turns = share * torch.pi * torch.arange(1, WAVES + 1, device=second.device)
    length = (torch.log1p(whole) / LONG).expand_as(second).unsqueeze(-1)
    return torch.cat([turns.sin(), turns.cos(), length], -1) * mask.unsqueeze(-1)
