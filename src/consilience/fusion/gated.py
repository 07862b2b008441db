"""Gated experts: an MLP for each group, mixed by a softmax over gates of the groups that are present.

Jacobs et al. 1991, "Adaptive Mixtures of Local Experts"; gates over modalities as in Arevalo et al. 2017,
"Gated Multimodal Units for Information Fusion" (arXiv 1702.01992). A missing group's gate is -inf.
"""

from __future__ import annotations

import torch
from torch import nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.projection import Projection, pooled_groups, presence, softmax_over


class GatedFusion(Fusion):
    """weights: the gates, which sum to 1 over the groups present."""

    class Config(Fusion.Config):
        hidden: float = 1.0
        """Units of each expert, as a multiple of the width."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.projection = Projection(widths, width)
        hidden = max(1, round(config.hidden * width))
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.GELU(),
                nn.Dropout(config.dropout),
                nn.Linear(width, hidden),
                nn.GELU(),
                nn.Dropout(config.dropout),
                nn.Linear(hidden, width),
            )
            for _ in widths
        )
        self.gate = nn.Linear(len(widths) * width, len(widths))
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.empty = nn.Parameter(torch.zeros(width))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        projected = self.projection(tokens)
        present = presence(projected)
        groups = pooled_groups(projected)
        weights = softmax_over(self.gate(groups.flatten(1)), present)
        views = torch.stack([groups[:, i] + e(groups[:, i]) for i, e in enumerate(self.experts)], 1)
        mixed = (weights.unsqueeze(-1) * views).sum(1) + (~present.any(1, keepdim=True)).to(views.dtype) * self.empty
        return Fused(self.norm(mixed), joined(projected), weights)
