"""A sequence as a sketch of its k-mers: hashed counts with signs, which keep inner products on average.

Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning" (arXiv 0902.2206); k-mer counts are the
features of the spectrum kernel (Leslie et al. 2002). The counts need no gradient: a protein of a thousand letters
costs next to nothing in training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.encoders.masked_norm import MaskedBatchNorm

PRIME, MODULUS = 48_271, 2_147_483_647
"""Of the polynomial hash: products stay below 2^63."""


class KmerSketch(nn.Module):
    """code int64 [N, L], mask bool [N, L] → [N, width].

    Args:
        lengths: of the k-mers. size: hashed counts of each length. width: D of the result.
    """

    def __init__(self, lengths: tuple[int, ...], size: int, width: int) -> None:
        super().__init__()
        self.lengths, self.size = tuple(sorted(lengths)), size
        self.norm = MaskedBatchNorm(size * len(lengths))  # what all sequences share says nothing
        self.linear = nn.Linear(size * len(lengths), width)

    def forward(self, code: Tensor, mask: Tensor) -> Tensor:
        counts = self.counts(code, mask).unsqueeze(-1)
        found: Tensor = self.linear(self.norm(counts, mask.any(1, keepdim=True)).squeeze(-1))
        return found

    @torch.no_grad()
    def counts(self, code: Tensor, mask: Tensor) -> Tensor:
        """Signed hashed counts by √(letters), float32 [N, size · len(lengths)]."""
        found = []
        key, real = torch.zeros_like(code), mask
        for length in range(1, self.lengths[-1] + 1):
            ahead = length - 1
            letters = F.pad(code, (0, ahead))[:, ahead:] if ahead else code
            key = (key * PRIME + letters * 7_919 + 1) % MODULUS
            real = real & F.pad(mask, (0, ahead))[:, ahead:] if ahead else real
            if length in self.lengths:
                mixed = (key * PRIME + length) % MODULUS
                sign = (1 - 2 * ((mixed // self.size) % 2)).float() * real
                found.append(
                    torch.zeros_like(sign[:, :1]).expand(-1, self.size).scatter_add(1, mixed % self.size, sign)
                )
        return torch.cat(found, 1) * mask.sum(1, keepdim=True).clamp(min=1).float().rsqrt()
