"""The loss of a text that is known, sub-word by sub-word (teacher forcing)."""

from __future__ import annotations

import torch
from torch import Tensor


def row_losses(logits: Tensor, wanted: Tensor, smoothing: float) -> Tensor:
    """float32 [B, 3]: of each row the sum of its sub-words' smoothed losses, of their plain losses, and their number.

    Args:
        logits: [B, T, V]. wanted: ids int64 [B, T], negative where there is nothing to write. smoothing: share of each
            target spread over all sub-words (Szegedy et al. 2016).
    """
    shares = torch.log_softmax(logits.float(), -1)
    real = (wanted >= 0).float()
    plain = -shares.gather(-1, wanted.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    smooth = (1 - smoothing) * plain - smoothing * shares.mean(-1)
    return torch.stack([(smooth * real).sum(1), (plain * real).sum(1), real.sum(1)], 1)
