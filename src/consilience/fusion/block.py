"""A transformer block over masked tokens that also says where each token looked."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward layer (Vaswani et al. 2017; Xiong et al. 2020).

    Args:
        width: D. heads: attention heads, a divisor of D. dropout: of both parts' outputs.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.feed = feed_forward(width, dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, D], mask [B, T] → x, attention [B, T, T] averaged over heads (0 to masked tokens)."""
        length, width = x.shape[1], x.shape[2]
        size = width // self.heads
        parts = self.project(self.norm(x)).reshape(-1, length, 3, self.heads, size)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed, weights = attend(query, key, value, mask)
        x = x + self.dropout(self.out(mixed))
        return x + self.feed(x), weights.mean(1)


def feed_forward(width: int, dropout: float) -> nn.Sequential:
    """The layer after attention, normalised before: [..., D] → [..., D]."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 2 * width),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(2 * width, width),
        nn.Dropout(dropout),
    )


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """query [B, H, T, D / H], key and value [B, H, S, D / H], mask bool [B, S] → values mixed [B, T, D], and the
    weights [B, H, T, S], 0 to masked tokens."""
    scores = (query @ key.transpose(2, 3)).float() * query.shape[3] ** -0.5
    real = mask[:, None, None, :]
    weights = torch.softmax(scores.masked_fill(~real, -1e9), -1) * real
    mixed = (weights.to(value.dtype) @ value).transpose(1, 2)
    return mixed.reshape(-1, query.shape[2], query.shape[1] * query.shape[3]), weights


def heads_for(width: int, most: int) -> int:
    """The largest number of heads up to `most` that divides the width."""
    return next(h for h in range(min(most, width), 0, -1) if width % h == 0)
