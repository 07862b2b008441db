"""What series encoders share: cells folded into rows, instance normalisation, and the newest step on the right.

Kim et al. 2022, "Reversible Instance Normalization for Accurate Time-Series Forecasting against Distribution Shift"
(ICLR 2022): each series is brought to its own mean and deviation. Both are kept here as features beside it: in
classification the level often is the message.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

LEVELS = 3
"""Features of a channel's level: mean and logarithm of the deviation (both compressed), and the share observed."""
LEAST_VARIANCE = 1e-6
"""In training variances: below it a series is constant."""


class View(NamedTuple):
    """N = B · C cells: value float [N, L, K], 0 where not observed; observed bool [N, L, K]; mask bool [N, L], a prefix
    of True; gap float [N, L], 0 beyond the mask."""

    value: Tensor
    observed: Tensor
    mask: Tensor
    gap: Tensor


def folded(inputs: dict[str, Tensor]) -> View:
    """The modality's arrays; what stands under a False mask never counts."""
    mask = inputs["mask"].flatten(0, 1)
    observed = inputs["observed"].flatten(0, 1) & mask.unsqueeze(-1)
    return View(
        inputs["value"].float().flatten(0, 1) * observed, observed, mask, inputs["gap"].float().flatten(0, 1) * mask
    )


def normalised(view: View, instance: bool) -> tuple[Tensor, Tensor]:
    """Values [N, L, K], 0 where not observed, and level features [N, K, LEVELS], 0 where a channel is not observed.

    Args:
        instance: each channel of each series to mean 0 and deviation 1; else values stay as they are.
    """
    real = view.observed.float()
    count = real.sum(1).clamp(min=1)
    mean = (view.value * real).sum(1) / count
    centred = (view.value - mean.unsqueeze(1)) * real
    deviation = (centred.square().sum(1) / count + LEAST_VARIANCE).sqrt()
    share = real.sum(1) / view.mask.float().sum(1).clamp(min=1).unsqueeze(-1)
    there = (share > 0).float()
    level = torch.stack([mean.sign() * mean.abs().log1p(), deviation.log() / 2 * there, share], -1)
    return (centred / deviation.unsqueeze(1) if instance else view.value), level


def rightmost(x: Tensor, mask: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Series moved so that the newest step is the last of `length` places.

    x: [N, L, D]; mask: [N, L], a prefix of True → [N, length, D], 0 before a series' begin; [N, length].
    """
    place = torch.arange(length, device=x.device) - length + mask.sum(1, keepdim=True)
    there = place >= 0
    index = place.clamp(min=0)
    moved = x.gather(1, index.unsqueeze(-1).expand(-1, -1, x.shape[2]))
    return moved * there.unsqueeze(-1), there


def last_step(x: Tensor, mask: Tensor) -> Tensor:
    """The newest real step. x: [N, L, D]; mask: [N, L], a prefix of True → [N, D]; 0 of an empty series."""
    index = (mask.sum(1) - 1).clamp(min=0)
    found = x.gather(1, index[:, None, None].expand(-1, 1, x.shape[2])).squeeze(1)
    return found * mask.any(1, keepdim=True)
