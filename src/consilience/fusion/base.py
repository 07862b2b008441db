"""What a fusion is: the tokens of all groups in, one vector a row out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from consilience.core.config import Config as Block
from consilience.core.tokens import Fused, Tokens


class Fusion(nn.Module):
    """Abstract. Built as `Fusion(config, widths, width)`: the encoders' widths by group, and the fused width D.

    forward({group: Tokens}) → Fused(pooled [B, D], tokens, weights [B, M]); groups in the order of `widths`.
    Contract (tests/contracts): an absent group's values change nothing, all-absent is finite, every parameter
    gets a gradient, save and load are equal, ONNX export gives equal numbers.
    """

    class Config(Block):
        """Options; every fusion has `dropout`."""

        dropout: float = 0.1

    def forward(self, tokens: dict[str, Tokens]) -> Fused:
        raise NotImplementedError


def masked_mean(tokens: Tokens) -> Tensor:
    """[B, T, D], [B, T] → [B, D]; zero where no token is real."""
    mask = tokens.mask.unsqueeze(-1).to(tokens.x.dtype)
    return (tokens.x * mask).sum(1) / mask.sum(1).clamp(min=1)


def joined(tokens: dict[str, Tokens]) -> Tokens:
    """All groups' tokens (of one width) side by side, [B, ΣT, D]."""
    return Tokens(torch.cat([t.x for t in tokens.values()], 1), torch.cat([t.mask for t in tokens.values()], 1))
