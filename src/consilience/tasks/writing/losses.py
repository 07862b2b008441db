"""The loss of a text that is known, sub-word by sub-word (teacher forcing)."""

from __future__ import annotations

import torch
from torch import Tensor


def row_losses(logits: Tensor, wanted: Tensor, smoothing: float) -> Tensor:
    """float32 [B, 3]: of each row the sum of its sub-words' smoothed losses, of their plain losses, and their number.

    Args:
        logits: [N, V] of the N places where something is wanted, row by row: the vocabulary is large, padding costs.
        wanted: ids int64 [B, T], negative where there is nothing to write.
        smoothing: share of each target spread over all sub-words (Szegedy et al. 2016).
    """
    given, real = logits.float(), wanted >= 0
    total = given.logsumexp(-1)
    plain = total - given.gather(-1, wanted[real].unsqueeze(-1)).squeeze(-1)
    smooth = (1 - smoothing) * plain + smoothing * (total - given.mean(-1))
    row = real.nonzero()[:, 0]
    each = torch.stack([smooth, plain, torch.ones_like(plain)], 1)
    return each.new_zeros(len(wanted), 3).index_add(0, row, each)
