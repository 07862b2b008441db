"""Batch normalisation whose statistics leave padding out.

Ioffe & Szegedy 2015 (arXiv 1502.03167), with the mean and variance taken over real positions only: how far a
batch was padded says nothing of the data.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5


class MaskedBatchNorm(nn.Module):
    """[N, C, T] or [N, C, T, H] with mask [N, T] → the same shape, 0 at padded positions.

    Args:
        channels: C. momentum: share of a batch in the running statistics.
    """

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    mean: Tensor
    variance: Tensor

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.training:
            return self.packed(x, mask)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        scale = self.weight * torch.rsqrt(self.variance + EPSILON)
        offset = self.bias - self.mean * scale
        real = mask.reshape(-1, 1, mask.shape[1], *(1,) * (x.ndim - 3)).to(x.dtype)
        return (x * scale.to(x.dtype).reshape(shape) + offset.to(x.dtype).reshape(shape)) * real

    def packed(self, x: Tensor, mask: Tensor) -> Tensor:
        """The real positions side by side as one image, normalised, and put back: one fused kernel."""
        last = x.movedim(1, -1)  # [N, T, H, C], a view of memory that is channels_last
        rows = mask.flatten().nonzero().squeeze(1)
        real = last.reshape(len(mask) * mask.shape[1], -1, x.shape[1]).index_select(0, rows)
        image = real.permute(2, 0, 1).unsqueeze(0)
        several = image.shape[2] * image.shape[3] > 1  # else there is no variance: take the running one
        statistics = (self.mean, self.variance, self.weight, self.bias, several, self.momentum, EPSILON)
        normal = F.batch_norm(image, *statistics).squeeze(0).permute(1, 2, 0)
        whole = normal.new_zeros(len(mask) * mask.shape[1], normal.shape[1], normal.shape[2])
        return whole.index_copy(0, rows, normal).reshape(last.shape).movedim(-1, 1)
