"""A transformer over the tokens of all groups, read out by one extra token.

Vaswani et al. 2017 (arXiv 1706.03762); one token a feature and a class token as in FT-Transformer (Gorishniy
et al. 2021, arXiv 2106.11959). Missing groups are masked out of every attention.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.block import Block, heads_for
from consilience.fusion.capped import capped
from consilience.fusion.projection import Projection


class AttentionFusion(Fusion):
    """weights: the class token's attention in the last block, summed over each group's tokens."""

    class Config(Fusion.Config):
        depth: int = Field(2, ge=1)
        """Transformer blocks."""
        heads: int = Field(4, ge=1)
        """Attention heads; fewer where they do not divide the width."""
        tokens: int = Field(32, ge=1)
        """Most tokens a group; more are averaged in stretches."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.most = config.tokens
        self.projection = Projection(widths, width)
        self.group = nn.Parameter(torch.randn(len(widths), width) * 0.02)
        self.reader = nn.Parameter(torch.randn(width) * 0.02)
        heads = heads_for(width, config.heads)
        self.blocks = nn.ModuleList(Block(width, heads, config.dropout) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        projected = {g: capped(t, self.most) for g, t in self.projection(tokens).items()}
        named = {g: Tokens(t.x + self.group[i], t.mask) for i, (g, t) in enumerate(projected.items())}
        every = joined(named)
        reader = self.reader.to(every.x.dtype).expand(every.x.shape[0], 1, -1)
        x = torch.cat([reader, every.x], 1)
        mask = torch.cat([torch.ones_like(every.mask[:, :1]), every.mask], 1)
        for block in self.blocks:
            x, looked = block(x, mask)
        sizes = [t.x.shape[1] for t in named.values()]
        mass = torch.stack([part.sum(1) for part in looked[:, 0, 1:].split(sizes, 1)], 1)
        weights = mass / mass.sum(1, keepdim=True).clamp(min=1e-9)
        return Fused(self.norm(x[:, 0]), Tokens(x[:, 1:], every.mask), weights)
