"""Groups that exchange news only through a few shared tokens.

Nagrani et al. 2021, "Attention Bottlenecks for Multimodal Fusion" (MBT, arXiv 2107.00135): in every layer
each group attends to its own tokens and the bottleneck, and the groups' versions of the bottleneck are
averaged.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.block import Block, heads_for
from consilience.fusion.capped import capped
from consilience.fusion.projection import Projection, pooled_groups, presence, shares


class BottleneckFusion(Fusion):
    """weights: equal over the groups present."""

    class Config(Fusion.Config):
        depth: int = Field(2, ge=1)
        """Layers."""
        heads: int = Field(4, ge=1)
        """Attention heads; fewer where they do not divide the width."""
        bottleneck: int = Field(4, ge=1)
        """Shared tokens."""
        tokens: int = Field(32, ge=1)
        """Most tokens a group; more are averaged in stretches."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.most = config.tokens
        self.projection = Projection(widths, width)
        self.shared = nn.Parameter(torch.randn(config.bottleneck, width) * 0.02)
        heads = heads_for(width, config.heads)
        self.layers = nn.ModuleList(
            nn.ModuleDict({g: Block(width, heads, config.dropout) for g in widths}) for _ in range(config.depth)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        groups = {g: capped(t, self.most) for g, t in self.projection(tokens).items()}
        weights = shares(presence(groups), self.shared.dtype)
        shared = self.shared.expand(weights.shape[0], -1, -1)
        for layer in self.layers:
            groups, shared = self.exchange(layer, groups, shared, weights)
        own = (pooled_groups(groups) * weights.unsqueeze(-1)).sum(1)
        pooled = self.norms[0](shared.mean(1)) + self.norms[1](own)
        return Fused(pooled, joined(groups), weights)

    def exchange(
        self, layer: nn.Module, groups: dict[str, Tokens], shared: Tensor, weights: Tensor
    ) -> tuple[dict[str, Tokens], Tensor]:
        """One layer: every group with the bottleneck, then the mean bottleneck of the groups present."""
        count = shared.shape[1]
        found, news = {}, []
        for group, (x, mask) in groups.items():
            both = torch.cat([shared.to(x.dtype), x], 1)
            real = torch.cat([torch.ones_like(mask[:, :1]).expand(-1, count), mask], 1)
            both, _ = layer[group](both, real)  # type: ignore[index]
            found[group] = Tokens(both[:, count:], mask)
            news.append(both[:, :count])
        mean = (torch.stack(news, 1) * weights[:, :, None, None]).sum(1)
        some = (weights.sum(1) > 0)[:, None, None]
        return found, torch.where(some, mean, shared.to(mean.dtype))
