"""Masked pooling over a sequence: padding never matters, an empty sequence gives 0."""

from __future__ import annotations

from torch import Tensor


def mean_over(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over real positions, in float32. x: [N, L, D]; mask: [N, L] → [N, D]."""
    real = mask.unsqueeze(-1).float()
    return (x.float() * real).sum(1) / real.sum(1).clamp(min=1)


def max_over(x: Tensor, mask: Tensor) -> Tensor:
    """Largest value over real positions. x: [N, L, D] with L ≥ 1; mask: [N, L] → [N, D]."""
    real = mask.unsqueeze(-1)
    return x.masked_fill(~real, -1e4).amax(1) * mask.any(1, keepdim=True)
