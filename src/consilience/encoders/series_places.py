"""Where in a series' time something happens: the time passed at each step, and means about evenly spaced places.

Pooling over all steps forgets the place. Means of parts beside those of the whole keep it, as spatial pyramid pooling
does in pictures (He et al. 2015, arXiv 1406.4729). Each step counts at the two places that it lies between (linear
interpolation), so a small shift changes little.
"""

from __future__ import annotations

import torch
from torch import Tensor


def passed(gap: Tensor, mask: Tensor) -> Tensor:
    """Share of each series' time at each step [N, L]: 0 at its first step, 1 at its last; 0 beyond the mask.

    gap: float [N, L], time since the step before; mask: bool [N, L], a prefix of True.
    """
    since = torch.cat([torch.zeros_like(gap[:, :1]), gap[:, 1:]], 1) * mask
    clock = since.cumsum(1)
    return clock / clock[:, -1:].clamp(min=1e-6) * mask


def near(share: Tensor, mask: Tensor, places: int) -> Tensor:
    """How much each step counts at each of `places` places: 1 on it, falling to 0 at its neighbours, [N, places, L]."""
    where = torch.arange(places, device=share.device, dtype=share.dtype).reshape(1, -1, 1)
    apart = (share.unsqueeze(1) * max(1, places - 1) - where).abs()
    return (1 - apart).clamp(min=0) * mask.unsqueeze(1)


def place_means(x: Tensor, real: Tensor, weight: Tensor) -> Tensor:
    """Means about each place of what is real, 0 where nothing is, [N, P, D].

    x: [N, L, D], 0 where not real; real: float [N, L, D] or [N, L, 1]; weight: [N, P, L] of `near`.
    """
    return (weight @ x) / (weight @ real).clamp(min=1e-3)
