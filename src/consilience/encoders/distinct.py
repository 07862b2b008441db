"""Cells that repeat in a batch (the same molecule against many proteins) are encoded once in training.

Rows are told apart by a sum of their codes under random weights of 63 bits: two different rows agree by chance about
once in 10^18 pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

SEED = 20_031


def on_distinct(run: Callable[[Tensor, Tensor], Tensor], code: Tensor, mask: Tensor, skip: bool) -> Tensor:
    """`run(code, mask)` → [N, …]; with `skip`, run on the distinct rows only, and gathered.

    Shapes then depend on the data, and rows that are the same share what is drawn at random: for training only.

    Args:
        code: int64 [N, L], 0 under a False mask. mask: bool [N, L].
    """
    if not skip or len(code) < 2:
        return run(code, mask)
    generator = torch.Generator().manual_seed(SEED)
    weights = torch.randint(-(2**62), 2**62, (code.shape[1],), generator=generator).to(code.device)
    keys = ((code + 1) * mask * weights).sum(1)
    distinct, place = torch.unique(keys, return_inverse=True)
    if len(distinct) == len(code):
        return run(code, mask)
    order = torch.arange(len(code), device=code.device)
    first = torch.full((len(distinct),), len(code), device=code.device).scatter_reduce(0, place, order, "amin")
    return run(code[first], mask[first])[place]
