"""Late fusion: the groups' vectors side by side, then an MLP.

The plain baseline of Ngiam et al. 2011, "Multimodal Deep Learning", and still hard to beat on tables (Shi et
al. 2021, "Benchmarking Multimodal AutoML for Tabular Data with Text Fields", arXiv 2111.02705).
"""

from __future__ import annotations

import torch
from torch import nn

from consilience.core.tokens import Fused, Tokens
from consilience.fusion.base import Fusion, joined
from consilience.fusion.projection import Projection, pooled_groups, presence, shares


class ConcatFusion(Fusion):
    """weights: equal over the groups present; a missing group stands as its learned vector."""

    class Config(Fusion.Config):
        hidden: float = 1.0
        """Units of the MLP, as a multiple of the width."""

    def __init__(self, config: Config, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.projection = Projection(widths, width)
        self.absent = nn.Parameter(torch.zeros(len(widths), width))
        hidden = max(1, round(config.hidden * width))
        self.net = nn.Sequential(
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(len(widths) * width, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(hidden, width),
        )
        self.skip = nn.Linear(len(widths) * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        projected = self.projection(tokens)
        present = presence(projected)
        groups = torch.where(present.unsqueeze(-1), pooled_groups(projected), self.absent)
        flat = groups.flatten(1)
        pooled = self.norm(self.net(flat) + self.skip(flat))
        return Fused(pooled, joined(projected), shares(present, pooled.dtype))
