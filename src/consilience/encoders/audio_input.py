"""What audio encoders share: waves as floats under their length, and pooling over parts of the time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def folded(inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """wave [B, C, T], length, mask [B, C] → wave float [N, T + 1] in -1..1, 0 beyond its length; length;
    present.

    The one sample of padding keeps a batch without any recording valid. A recording of no samples counts as
    missing.
    """
    mask = inputs["mask"].flatten()
    length = inputs["length"].long().flatten() * mask
    wave = F.pad(inputs["wave"].float().flatten(0, 1) / 32768, (0, 1))
    wave = wave * (torch.arange(wave.shape[1], device=wave.device) < length[:, None])
    return wave, length, mask & (length > 0)


def time_pool(x: Tensor, mask: Tensor, parts: int) -> Tensor:
    """Mean and largest value of `parts` equal stretches of each recording's real time.

    x: [N, L, D], values ≥ 0; mask: [N, L], True first → [N, parts, 2D].
    """
    x = x.float()
    stretches = [inside.unsqueeze(-1).float() for inside in stretched(mask, parts)]
    pooled = [torch.cat([(x * s).sum(1) / s.sum(1).clamp(min=1), (x * s).amax(1)], -1) for s in stretches]
    return torch.stack(pooled, 1)


def time_mean(x: Tensor, mask: Tensor, parts: int) -> Tensor:
    """Mean of `parts` equal stretches of each recording's real time; x: [N, L, D]; mask: [N, L] → [N, parts, D]."""
    x = x.float()
    stretches = [inside.unsqueeze(-1).float() for inside in stretched(mask, parts)]
    return torch.stack([(x * s).sum(1) / s.sum(1).clamp(min=1) for s in stretches], 1)


def stretched(mask: Tensor, parts: int) -> list[Tensor]:
    """bool [N, L] for each of `parts` equal stretches of the real positions; one shorter than a position takes the
    position under its middle."""
    real = mask.sum(1, keepdim=True).clamp(min=1)
    position = torch.arange(mask.shape[1], device=mask.device)
    found = []
    for part in range(parts):
        first = (real * part) // parts
        last = torch.maximum((real * (part + 1)) // parts, first + 1)
        found.append((position >= first) & (position < last) & mask)
    return found
