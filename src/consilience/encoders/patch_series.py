"""Series as patches of neighbouring steps through a small transformer.

Nie et al. 2023, "A Time Series is Worth 64 Words: Long-term Forecasting with Transformers" (arXiv 2211.14730): every
channel goes through the same weights by itself, patch by patch; the newest step ends the last patch.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.sequences import mean_over
from consilience.encoders.series_channels import ChannelTokens
from consilience.encoders.series_input import folded, normalised, rightmost
from consilience.encoders.transformer_text import TransformerBlock


class PatchSeries(Encoder):
    """One token a column, or one a channel.

    inputs: value float [B, C, L, K], observed bool [B, C, L, K], mask bool [B, C, L], gap float [B, C, L].
    facts: columns, channels [C], length.
    """

    modality = "series"
    folded = True

    class Config(Encoder.Config):
        patch: int | None = Field(None, ge=1)
        """Steps of a patch; an eighth of the longest series, 4 to 16, when None."""
        stride: int | None = Field(None, ge=1)
        """Steps between two patches; half a patch when None."""
        width: int = Field(64, ge=2)
        """Width of a patch's vector and of a token; a multiple of `heads`."""
        depth: int = Field(2, ge=1)
        """Transformer blocks."""
        heads: int = Field(4, ge=1)
        """Attention heads."""
        per_channel: bool = False
        """A token a channel."""
        instance: bool = True
        """Bring each series to its own mean and deviation; both are kept as features."""
        dropout: float = Field(0.2, ge=0, lt=1)

        @model_validator(mode="after")
        def _divides(self) -> PatchSeries.Config:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        channels, length = max(facts["channels"]), int(facts["length"])
        self.options, self.width = config, config.width
        self.patch = config.patch or min(16, max(4, length // 8))
        self.stride = config.stride or max(1, self.patch // 2)
        count = 1 + max(0, math.ceil((length - self.patch) / self.stride))
        self.length = self.patch + (count - 1) * self.stride
        self.embed = nn.Conv1d(3, config.width, self.patch, self.stride)
        self.positions = nn.Parameter(torch.randn(count, config.width) * 0.02)
        self.names = nn.Parameter(torch.randn(channels, 1, config.width) * 0.02) if channels > 1 else None
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, config.dropout) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.channels = ChannelTokens(channels, 2 * config.width, config.width, config.per_channel, config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        view = folded(inputs)
        normal, level = normalised(view, self.options.instance)
        count = normal.shape[2]
        both = torch.cat([normal, view.observed.float(), view.gap.log1p().unsqueeze(-1)], -1)
        both, _ = rightmost(both, view.mask, self.length)
        planes = [both[:, :, :count], both[:, :, count:-1], both[:, :, -1:].expand(-1, -1, count)]
        x = torch.stack([plane.transpose(1, 2) for plane in planes], 2)  # [N, K, 3, length]
        encoded = self.encode(x)
        tokens: Tokens = self.columns(*self.channels(encoded, level, view.observed.any(1)))
        return tokens

    def encode(self, x: Tensor) -> Tensor:
        """Values, where they are observed, and gaps [N, K, 3, length] → [N, K, 2 · width]."""
        channels = x.shape[1]
        flat = x.flatten(0, 1)
        seen = F.max_pool1d(flat[:, 1:2], self.patch, self.stride).squeeze(1) > 0
        patches = self.embed(flat).transpose(1, 2) + self.positions
        if self.names is not None:
            shape = patches.shape
            patches = (patches.reshape(-1, channels, *shape[1:]) + self.names).reshape(shape)
        for block in self.blocks:
            patches = block(patches, seen)
        patches = self.norm(patches)
        pooled = torch.cat([mean_over(patches, seen), patches[:, -1].float()], -1)
        return pooled.reshape(-1, channels, pooled.shape[-1])
