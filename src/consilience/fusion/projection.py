"""Every group's tokens brought to one width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.fusion.base import masked_mean


class Projection(nn.Module):
    """{group: Tokens of its width} → {group: Tokens [B, T, D]}.

    Args:
        widths: group → width of its tokens. width: D.
    """

    def __init__(self, widths: dict[str, int], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({g: nn.Sequential(nn.LayerNorm(w), nn.Linear(w, width)) for g, w in widths.items()})

    def forward(self, tokens: dict[str, Tokens]) -> dict[str, Tokens]:
        found = {}
        for group, layer in self.layers.items():
            x, mask = tokens[group]
            # filled before the norm: garbage under the mask must not become a NaN in the backward pass either
            found[group] = Tokens(layer(x.masked_fill(~mask.unsqueeze(-1), 0.0)), mask)
        return found


def presence(tokens: dict[str, Tokens]) -> Tensor:
    """[B, M] bool: which groups each row has."""
    return torch.stack([t.present for t in tokens.values()], 1)


def pooled_groups(tokens: dict[str, Tokens]) -> Tensor:
    """[B, M, D]: the mean of each group's real tokens, 0 where it is absent."""
    return torch.stack([masked_mean(t) for t in tokens.values()], 1)


def shares(present: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, M]: equal weights over the groups that are present, 0 for the others."""
    real = present.to(dtype)
    return real / real.sum(1, keepdim=True).clamp(min=1)


def softmax_over(scores: Tensor, present: Tensor) -> Tensor:
    """Softmax over the groups that are present, exactly 0 for the others and for a row without any."""
    masked = scores.float().masked_fill(~present, -1e9)
    return torch.softmax(masked, 1) * present
