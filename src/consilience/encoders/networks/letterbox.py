"""Planes to the input size of a network: aspect ratio kept, the border at 0, which is the mean colour."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Letterbox(nn.Module):
    """float [N, K, *shape], standardised → [N, K, *side]. Nothing is done where shape and side are equal."""

    def __init__(self, shape: tuple[int, int], side: tuple[int, int]) -> None:
        super().__init__()
        scale = min(side[0] / shape[0], side[1] / shape[1])
        self.inner = (max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)))
        self.resize = self.inner != shape
        tall, wide = side[0] - self.inner[0], side[1] - self.inner[1]
        self.border = (wide // 2, wide - wide // 2, tall // 2, tall - tall // 2)

    def forward(self, x: Tensor) -> Tensor:
        if self.resize:
            x = F.interpolate(x, self.inner, mode="bilinear", align_corners=False)
        return F.pad(x, self.border) if any(self.border) else x
