"""What text encoders share: ids as whole numbers, the columns of a group folded into the batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def folded(inputs: dict[str, Tensor], right: int) -> tuple[Tensor, Tensor]:
    """ids, mask [B, C, L] → ids int64 [B·C, L + right], mask bool of that shape.

    `right` ≥ 1 positions of padding keep empty batches and texts shorter than a kernel valid.
    """
    mask = F.pad(inputs["mask"].flatten(0, 1), (0, right))
    ids = F.pad(inputs["ids"].long().flatten(0, 1), (0, right))
    return ids * mask, mask


def drop_words(ids: Tensor, mask: Tensor, share: float, training: bool) -> Tensor:
    """A share of the ids becomes 1 = unknown (Iyyer et al. 2015, "Deep Unordered Composition")."""
    if not training or share == 0:
        return ids
    dropped = (torch.rand(ids.shape, device=ids.device) < share) & mask
    return ids.masked_fill(dropped, 1)
