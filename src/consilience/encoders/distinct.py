"""Cells that repeat in a batch (the same molecule against many proteins) are encoded once in training.

Rows are told apart by a sum of their codes under random weights of 63 bits: two different rows agree by chance about
once in 10^18 pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

SEED = 20_031
BLOCK = 1024


def on_distinct(run: Callable[[Tensor, Tensor], Tensor], code: Tensor, mask: Tensor, skip: bool) -> Tensor:
    """`run(code, mask)` → [N, …]; with `skip`, run on the distinct rows only, and gathered.

    Shapes then depend on the data, and rows that are the same share what is drawn at random: for training only.

    Args:
        code: int64 [N, L], 0 under a False mask. mask: bool [N, L].
    """
    if not skip or len(code) < 2:
        return run(code, mask)
    distinct, place = torch.unique(keys_of(code, mask), return_inverse=True)
    if len(distinct) == len(code):
        return run(code, mask)
    first = first_of(place, len(distinct))
    return run(code[first], mask[first])[place]


def keys_of(code: Tensor, mask: Tensor) -> Tensor:
    """int64 [N]: equal for equal cells, however far they were padded."""
    weights = _weights(1 << (code.shape[1] - 1).bit_length()).to(code.device)
    return ((code + 1) * mask * weights[: code.shape[1]]).sum(1)


@cache
def _weights(length: int) -> Tensor:
    """The same numbers for every length, block by block: what is drawn at once may depend on how much is drawn."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.cat(
        [torch.randint(-(2**62), 2**62, (BLOCK,), generator=generator) for _ in range(-(-length // BLOCK))]
    )


def first_of(place: Tensor, distinct: int) -> Tensor:
    """place int64 [N] of each row's distinct value → the first row of each, [distinct]."""
    order = torch.arange(len(place), device=place.device)
    return torch.full((distinct,), len(place), device=place.device).scatter_reduce(0, place, order, "amin")
