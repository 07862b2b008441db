"""At most so many tokens a group: neighbouring tokens are averaged."""

from __future__ import annotations

import torch

from consilience.core.tokens import Tokens


def capped(tokens: Tokens, most: int) -> Tokens:
    """Tokens [B, T, D] → [B, min(T, most), D]; each the mean of the real tokens of an equal stretch."""
    count = tokens.x.shape[1]
    if count <= most:
        return tokens
    means, masks = [], []
    for part in range(most):
        cut = slice(part * count // most, (part + 1) * count // most)
        real = tokens.mask[:, cut]
        weight = real.unsqueeze(-1).to(tokens.x.dtype)
        means.append((tokens.x[:, cut] * weight).sum(1) / weight.sum(1).clamp(min=1))
        masks.append(real.any(1))
    return Tokens(torch.stack(means, 1), torch.stack(masks, 1))
