"""Every product of the groups' features, through factors of low rank.

Liu et al. 2018, "Efficient Low-rank Multimodal Fusion with Modality-Specific Factors" (LMF, arXiv
1806.00064),
equation 5: the outer product of all [z; 1] and its weight tensor are never formed. A missing group's factor
is 1, as its z would be 0 beside a constant.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.projection import Projection, pooled_groups, presence, shares


class LowRankFusion(Fusion):
    """weights: equal over the groups present."""

    class Config(Fusion.Config):
        rank: int = Field(4, ge=1)
        """Terms of the sum."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.projection = Projection(widths, width)
        # factors start near 1, so that a product of many neither vanishes nor explodes
        self.factors = nn.Parameter(torch.randn(len(widths), config.rank, width, width) * 0.5 * width**-0.5)
        self.constants = nn.Parameter(torch.ones(len(widths), config.rank, width))
        self.rank_weights = nn.Parameter(torch.randn(config.rank) * config.rank**-0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        projected = self.projection(tokens)
        present = presence(projected)
        groups = self.dropout(torch.tanh(pooled_groups(projected)))
        factors = torch.einsum("bmd,mrdh->bmrh", groups, self.factors) + self.constants
        factors = torch.where(present[:, :, None, None], factors, torch.ones_like(factors))
        product = factors[:, 0]
        for i in range(1, factors.shape[1]):
            product = product * factors[:, i]
        pooled = self.norm(torch.einsum("brh,r->bh", product, self.rank_weights) + self.bias)
        return Fused(pooled, joined(projected), shares(present, pooled.dtype))
