"""A sequence as a sketch of its k-mers, seen along the directions in which the training cells differ.

Hashed counts with signs keep inner products on average: Weinberger et al. 2009, "Feature Hashing for Large Scale
Multitask Learning" (arXiv 0902.2206); k-mer counts are the features of the spectrum kernel (Leslie et al. 2002). They
are centred and whitened by the principal directions of the DISTINCT cells: a molecule that stands in a thousand rows
counts once, and what tells it from the others is as large as what all proteins differ by. Counts need no gradient, and
those of training cells are remembered: a protein of a thousand letters costs next to nothing in training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.encoders.distinct import first_of, keys_of

PRIME, MODULUS = 48_271, 2_147_483_647
"""Of the polynomial hash: products stay below 2^63."""
MOST_CELLS = 2_000
"""Distinct cells that the directions are learned from."""
MOST_KEPT = 8_000
"""Distinct cells whose place along the directions is remembered in training."""
AT_ONCE = 64
"""Cells counted at once: bounds the memory."""
LEAST_SPREAD = 0.02
"""A direction with less than this share of the first one's spread is noise; it is not stretched further."""


class KmerSketch(nn.Module):
    """code int64 [N, L], mask bool [N, L] → [N, width].

    Args:
        lengths: of the k-mers. size: hashed counts of each length. rank: directions. width: D of the result.
    """

    def __init__(self, lengths: tuple[int, ...], size: int, rank: int, width: int) -> None:
        super().__init__()
        self.lengths, self.size = tuple(sorted(lengths)), size
        counts = size * len(lengths)
        self.rank = min(rank, counts)
        self.register_buffer("centre", torch.zeros(counts))  # what all sequences share says nothing
        self.register_buffer("directions", torch.randn(counts, self.rank) * counts**-0.5)  # until `adapt` learns them
        self.linear = nn.Linear(self.rank, width)
        self.keys: Tensor | None = None
        self.places: Tensor | None = None

    centre: Tensor
    directions: Tensor

    def forward(self, code: Tensor, mask: Tensor) -> Tensor:
        found: Tensor = self.linear(self.recalled(code, mask) if self.training else self.along(code, mask))
        return found

    @torch.no_grad()
    def adapt(self, code: Tensor, mask: Tensor) -> None:
        """Learn the directions of the distinct cells among training cells code, mask [N, L], and remember their places.

        Fewer than two distinct cells leave the random directions that stand there from the start.
        """
        there = mask.any(1)
        code, mask = code[there], mask[there]
        keys, place = torch.unique(keys_of(code, mask), return_inverse=True)
        if len(keys) < 2:
            return
        first = first_of(place, len(keys))
        kept = first[torch.linspace(0, len(first) - 1, min(len(first), MOST_KEPT), device=code.device).long()]
        counts = torch.cat([self.counts(code[part], mask[part]) for part in torch.split(kept, AT_ONCE)])
        some = counts[torch.linspace(0, len(counts) - 1, min(len(counts), MOST_CELLS), device=code.device).long()]
        self.centre.copy_(some.mean(0))
        self.directions.copy_(_whitening(some - self.centre, self.rank))
        order = torch.argsort(keys_of(code[kept], mask[kept]))
        self.keys = keys_of(code[kept], mask[kept])[order]
        self.places = ((counts - self.centre) @ self.directions)[order]

    @torch.no_grad()
    def recalled(self, code: Tensor, mask: Tensor) -> Tensor:
        """`along`, from memory where `adapt` has met the cell. Shapes depend on the data: for training only."""
        if self.keys is None or self.places is None:
            return self.along(code, mask)
        keys = keys_of(code, mask)
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        found = self.places[place]
        new = (self.keys[place] != keys).nonzero().squeeze(1)
        return found.index_copy(0, new, self.along(code[new], mask[new])) if len(new) else found

    @torch.no_grad()
    def along(self, code: Tensor, mask: Tensor) -> Tensor:
        """Places along the directions, float32 [N, rank], of about unit variance over the distinct training cells."""
        return (self.counts(code, mask) - self.centre) @ self.directions

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


def _whitening(centred: Tensor, rank: int) -> Tensor:
    """centred [N, D] → [D, rank]: principal directions, each divided by its spread; 0 beyond what N cells span."""
    values, vectors = torch.linalg.eigh(centred.double() @ centred.double().T)
    spread = values.clamp(min=0).sqrt().flip(0)[:rank]
    left = vectors.flip(1)[:, : len(spread)]
    real = spread > 1e-6 * spread[0].clamp(min=1e-12)
    right = centred.double().T @ left / torch.where(real, spread, torch.ones_like(spread))
    scale = len(centred) ** 0.5 / spread.clamp(min=LEAST_SPREAD * float(spread[0]) + 1e-12)
    found = torch.zeros(centred.shape[1], rank, device=centred.device)
    found[:, : len(spread)] = (right * scale * real).float()
    return found
