"""From one vector a channel to tokens: all channels in one token a column, or a token of each channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from consilience.encoders.series_input import LEVELS

MIXED = 1024
"""Most features of all channels together before they are mixed: many channels get few each."""


class ChannelTokens(nn.Module):
    """[N, K, D] vectors and [N, K, LEVELS] levels of K channels → [N, T, width], mask [N, T].

    Args:
        channels: K. inside: D. width: of a token. apart: a token a channel (T = K), else one a cell (T = 1).
    """

    def __init__(self, channels: int, inside: int, width: int, apart: bool, dropout: float) -> None:
        super().__init__()
        self.apart = apart
        self.dropout = nn.Dropout(dropout)
        if apart:
            self.out = nn.Linear(inside + LEVELS, width)
            self.names = nn.Parameter(torch.randn(channels, width) * 0.02)
            return
        each = min(inside, max(4, MIXED // channels))
        self.squeeze = nn.Linear(inside, each) if each < inside else nn.Identity()
        self.out = nn.Linear(channels * (each + LEVELS), width)

    def forward(self, x: Tensor, level: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """present: bool [N, K], whether a channel is observed at all."""
        real = present.unsqueeze(-1)
        if self.apart:
            return self.out(self.dropout(torch.cat([x, level], -1) * real)) + self.names, present
        joined = torch.cat([self.squeeze(x), level], -1) * real
        return self.out(self.dropout(joined.flatten(1))).unsqueeze(1), present.any(1, keepdim=True)
