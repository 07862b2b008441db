"""A sequence as the bag of its k-mers: vectors of hashed stretches of k letters, averaged.

Joulin et al. 2017, "Bag of Tricks" (arXiv 1607.01759), on letters; k-mers of biological sequences as in the spectrum
kernel of Leslie et al. 2002.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.encoders.sequences import mean_over

PRIME = 1_000_003
"""Multiplier of the polynomial hash; codes stay far below 2^63 / PRIME."""


class KmerBag(nn.Module):
    """code int64 [N, L], mask bool [N, L] → [N, len(lengths) · width], one mean for each length of k-mers.

    Means are scaled by √L, as sums of unlike vectors grow: a mean of a thousand would say next to nothing.
    """

    def __init__(self, lengths: tuple[int, ...], buckets: int, width: int) -> None:
        super().__init__()
        self.lengths, self.buckets = lengths, buckets
        self.vectors = nn.Embedding(buckets * len(lengths), width)
        nn.init.normal_(self.vectors.weight, std=0.5)
        self.width = width * len(lengths)

    def forward(self, code: Tensor, mask: Tensor) -> Tensor:
        found = []
        key, real, length = torch.zeros_like(code), mask, 0
        for place, wanted in enumerate(self.lengths):
            while length < wanted:
                shifted = F.pad(code, (0, length))[:, length:]
                key = (key * PRIME + shifted + 1) % 2_147_483_647
                real = real & F.pad(mask, (0, length))[:, length:]
                length += 1
            x = self.vectors(place * self.buckets + (key * 31 + wanted) % self.buckets)
            found.append(mean_over(x, real) * real.sum(1, keepdim=True).clamp(min=1).float().sqrt())
        return torch.cat(found, -1)
