"""Groups that attend to each other's tokens: each asks, the others answer.

Lu et al. 2019, "ViLBERT" (arXiv 1908.02265), co-attention: the queries come from one stream, keys and values from the
other; here from all other groups together. For pairs that must fit each other: a drug and a protein, a question and
a picture. A row in which only one group is present has nobody to ask: its tokens stay as they are.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.block import attend, feed_forward, heads_for
from consilience.fusion.capped import capped
from consilience.fusion.projection import Projection, pooled_groups, presence, softmax_over


class CrossAttentionFusion(Fusion):
    """weights: a softmax over the groups present, learned from their vectors after they have asked each other."""

    class Config(Fusion.Config):
        depth: int = Field(1, ge=1)
        """Rounds of asking."""
        heads: int = Field(4, ge=1)
        """Attention heads; fewer where they do not divide the width."""
        tokens: int = Field(32, ge=1)
        """Most tokens a group; more are averaged in stretches."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.most = config.tokens
        self.projection = Projection(widths, width)
        heads = heads_for(width, config.heads)
        self.rounds = nn.ModuleList(
            nn.ModuleDict({g: _Asking(width, heads, config.dropout) for g in widths}) for _ in range(config.depth)
        )
        self.names = nn.Parameter(torch.randn(len(widths), width) * 0.02)
        self.gate = nn.Linear(width, 1)
        self.absent = nn.Parameter(torch.zeros(len(widths), width))
        self.join = nn.Sequential(
            nn.Linear(len(widths) * width, width),
            nn.LayerNorm(width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        groups = {g: capped(t, self.most) for g, t in self.projection(tokens).items()}
        groups = {g: Tokens(t.x + self.names[i], t.mask) for i, (g, t) in enumerate(groups.items())}
        for asked in self.rounds:
            groups = {g: self._answered(asked[g], g, groups) for g in groups}  # type: ignore[index]
        present = presence(groups)
        vectors = pooled_groups(groups)
        weights = softmax_over(self.gate(vectors).squeeze(-1), present)
        standing = torch.where(present.unsqueeze(-1), vectors, self.absent)
        mixed = (weights.unsqueeze(-1).to(vectors.dtype) * vectors).sum(1)
        return Fused(self.norm(mixed + self.join(standing.flatten(1))), joined(groups), weights)

    def _answered(self, asking: nn.Module, group: str, groups: dict[str, Tokens]) -> Tokens:
        """One group after it has asked all others; a single group asks itself."""
        others = {g: t for g, t in groups.items() if g != group} or groups
        own, news = groups[group], joined(others)
        return Tokens(asking(own.x, news.x, news.mask), own.mask)


class _Asking(nn.Module):
    """Attention from one group's tokens to others', and a feed-forward layer, each normalised before and added."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.own_norm, self.news_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.memory = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.feed = feed_forward(width, dropout)

    def forward(self, x: Tensor, news: Tensor, mask: Tensor) -> Tensor:
        """x [B, T, D]; news [B, S, D], mask bool [B, S] → [B, T, D]."""
        width = x.shape[2]
        size = width // self.heads
        query = self.query(self.own_norm(x)).reshape(-1, x.shape[1], self.heads, size).transpose(1, 2)
        memory = self.memory(self.news_norm(news)).reshape(-1, news.shape[1], 2, self.heads, size)
        key, value = memory.permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.dropout(self.out(attend(query, key, value, mask)[0]))
        found: Tensor = x + self.feed(x)
        return found
