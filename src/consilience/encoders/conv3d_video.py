"""Videos through small convolutions over space and time.

Tran et al. 2018, "A Closer Look at Spatiotemporal Convolutions for Action Recognition" (arXiv 1711.11248): each
three-dimensional convolution is one over space and one over time, R(2+1)D. Cut to a size that a processor trains:
space is halved at every stage, time is kept, so that a frame that is missing stays one that is missing.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_input import time_pool
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.video_input import CLOCK, Frames, VideoOptions, clock, watched


class Conv3dVideo(Encoder):
    """`time_tokens` tokens a video, in the order of time.

    inputs: frame uint8 [B, C, F, H, W, 3], second float32 [B, C, F], mask bool [B, C, F]. facts: height, width, frames,
    mean and std [3] (0..1 scale).
    """

    modality = "video"
    convolves = True

    class Config(Encoder.Config, VideoOptions):
        channels: tuple[int, ...] = Field((24, 48, 96), min_length=1, max_length=6)
        """Channels of the stages; a small frame has fewer."""
        time_tokens: int = Field(1, ge=1, le=64)
        """Equal parts of a video that become tokens."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the tokens."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.frames = Frames(facts, config)
        self.stages = nn.ModuleList()
        inside, side = self.frames.channels, max(int(facts["height"]), int(facts["width"]))
        for number, channels in enumerate(config.channels):
            if number and side < 5:
                break
            self.stages.append(_Stage(inside, channels, 5 if number == 0 else 3, side > 4))
            inside, side = channels, -(-side // 2)
        self.mix = nn.Linear(2 * inside + CLOCK, 2 * inside)
        self.width = 4 * inside
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        x, mask = watched(self.watch, inputs, (self.options.time_tokens, self.width), skip=self.training)
        tokens: Tokens = self.columns(x, mask)
        return tokens

    def watch(self, frame: Tensor, second: Tensor, mask: Tensor) -> Tensor:
        """frame [N, F, H, W, 3], second [N, F], mask [N, F] → [N, time_tokens, width]."""
        x = self.frames(frame, mask)
        for stage in self.stages:
            x = stage(x, mask)
        x = x.float()
        seen = torch.cat([x.mean((3, 4)), x.amax((3, 4)), clock(second, mask)], -1)
        mixed = torch.relu(self.mix(seen)) * mask.unsqueeze(-1)
        pooled: Tensor = self.dropout(time_pool(mixed, mask, self.options.time_tokens))
        return pooled


class _Stage(nn.Module):
    """A convolution over space (halving it), one over time; each normalised over real frames, then ReLU."""

    def __init__(self, inside: int, outside: int, kernel: int, halves: bool) -> None:
        super().__init__()
        stride = 2 if halves else 1
        self.space = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
        self.space_norm = MaskedBatchNorm(outside)
        # A (3, 1, 1) convolution in three dimensions, written in two: positions of a frame lie in one row.
        self.time = nn.Conv2d(outside, outside, (3, 1), padding=(1, 0), bias=False)
        self.time_norm = MaskedBatchNorm(outside)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[N, F, K, H, W] → [N, F, K', H', W'], 0 under a False mask."""
        seen = self.space(x.flatten(0, 1))
        height, width = seen.shape[-2:]
        x = seen.reshape(-1, mask.shape[1], seen.shape[1], height * width).transpose(1, 2)  # [N, K', F, H' · W']
        x = torch.relu(self.space_norm(x, mask))
        x = torch.relu(self.time_norm(self.time(x), mask))
        return x.transpose(1, 2).reshape(-1, mask.shape[1], x.shape[1], height, width)
