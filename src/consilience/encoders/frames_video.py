"""Videos frame by frame: the image encoder's body on every frame, then time is looked at as a short sequence.

Wang et al. 2016, "Temporal Segment Networks" (arXiv 1608.00859): a few frames, evenly spaced, through one shared
two-dimensional network, and a consensus over them; frame differences as a second input are theirs too. The consensus
is a learned attention (Long et al. 2018, "Attention Clusters", arXiv 1711.09550) after one convolution over time, since
a mean alone cannot tell a movement from the reverse.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_input import stretched
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.conv_image import residual_body
from consilience.encoders.video_input import CLOCK, Frames, VideoOptions, clock, watched


class FramesVideo(Encoder):
    """`time_tokens` tokens a video, in the order of time.

    inputs: frame uint8 [B, C, F, H, W, 3], second float32 [B, C, F], mask bool [B, C, F]. facts: height, width, frames,
    mean and std [3] (0..1 scale).
    """

    modality = "video"
    convolves = True

    class Config(Encoder.Config, VideoOptions):
        channels: int = Field(16, ge=4)
        """Scale of all widths of the body, see `conv_image`."""
        blocks: tuple[int, ...] = Field((0, 0, 0, 1), min_length=1, max_length=6)
        """Residual blocks of each stage; a small frame has fewer stages."""
        pool: Literal["attention", "mean"] = "attention"
        """Over time: frames weighed by what is seen in them, or all alike."""
        time_tokens: int = Field(1, ge=1, le=64)
        """Equal parts of a video that become tokens."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the tokens."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.frames = Frames(facts, config)
        size = int(facts["height"]), int(facts["width"])
        self.body, channels, (height, width) = residual_body(self.frames.channels, size, config.channels, config.blocks)
        self.places = min(2, height), min(2, width)
        inside = channels * (1 + self.places[0] * self.places[1])
        wide = max(16, 2 * channels)
        self.enter = nn.Linear(inside + CLOCK, wide)
        self.norm = nn.LayerNorm(wide)
        self.over_time = nn.Conv1d(wide, wide, 3, padding=1)
        self.weigh = nn.Linear(wide, 1, bias=False) if config.pool == "attention" else None
        self.width = 2 * wide
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        x, mask = watched(self.watch, inputs, (self.options.time_tokens, self.width), skip=self.training)
        tokens: Tokens = self.columns(x, mask)
        return tokens

    def watch(self, frame: Tensor, second: Tensor, mask: Tensor) -> Tensor:
        """frame [N, F, H, W, 3], second [N, F], mask [N, F] → [N, time_tokens, width]."""
        planes = self.frames(frame, mask)
        shape = (self.enter.in_features - CLOCK,)
        seen = on_present(self.look, mask.flatten(), shape, planes.flatten(0, 1), skip=self.training)
        seen = seen.reshape(-1, mask.shape[1], shape[0])
        x = self.enter(torch.cat([seen, clock(second, mask)], -1)) * mask.unsqueeze(-1)
        mixed = self.over_time((torch.relu(self.norm(x)) * mask.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
        x = torch.relu(x + mixed) * mask.unsqueeze(-1)
        pooled: Tensor = self.dropout(self._pooled(x, mask))
        return pooled

    def look(self, planes: Tensor) -> Tensor:
        """[n, K, H, W] → [n, D]: the largest values of each quarter, and the mean of all."""
        maps = self.body(planes).float()
        height, width = maps.shape[-2:]
        parts = [maps.mean((2, 3))]
        for rows in _cuts(height, self.places[0]):
            parts += [maps[:, :, rows, across].amax((2, 3)) for across in _cuts(width, self.places[1])]
        return torch.cat(parts, 1)

    def _pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        """Weighted mean and largest values of each stretch of time; x [N, F, D] ≥ 0."""
        scores = torch.zeros_like(x[..., 0]) if self.weigh is None else self.weigh(x).squeeze(-1)
        found = []
        for inside in stretched(mask, self.options.time_tokens):
            weight = torch.softmax(scores.masked_fill(~inside, -1e4), 1).unsqueeze(-1) * inside.unsqueeze(-1)
            found.append(torch.cat([(x * weight).sum(1), (x * inside.unsqueeze(-1)).amax(1)], -1))
        return torch.stack(found, 1)


def _cuts(size: int, parts: int) -> list[slice]:
    return [slice(i * size // parts, -(-(i + 1) * size // parts)) for i in range(parts)]
