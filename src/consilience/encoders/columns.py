"""Columns of one group that share an encoder's weights: folded into the batch and out again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from consilience.core.tokens import Tokens


class ColumnTokens(nn.Module):
    """[B·C, T, D] tokens of C columns → Tokens [B, C·T, D], each with a learned vector of its column.

    A single column has no such vector: it would tell nothing.
    """

    def __init__(self, columns: int, width: int) -> None:
        super().__init__()
        self.columns = columns
        self.vectors = nn.Parameter(torch.randn(columns, 1, width) * 0.02) if columns > 1 else None

    def forward(self, x: Tensor, mask: Tensor) -> Tokens:
        """x: [B·C, T, D]; mask: [B·C, T] bool. Values under a False mask become 0."""
        length, width = x.shape[1], x.shape[2]
        x = (x * mask.unsqueeze(-1)).reshape(-1, self.columns, length, width)
        if self.vectors is not None:
            x = x + self.vectors
        return Tokens(x.reshape(-1, self.columns * length, width), mask.reshape(-1, self.columns * length))


def on_present(
    run: Callable[..., Tensor], present: Tensor, shape: tuple[int, ...], *inputs: Tensor, skip: bool
) -> Tensor:
    """`run(*inputs)` as [N, *shape]; with `skip`, only on the rows where `present` [N] is True, 0 elsewhere.

    Training skips, so that missing cells leave batch statistics alone. Its shapes depend on the data:
    evaluation and export run all rows and mask them afterwards.
    """
    if not skip:  # no comparison of sizes here: it would tie an exported network to one batch size
        return run(*inputs)
    rows = present.nonzero().squeeze(1)
    if len(rows) == len(present):
        return run(*inputs)
    if len(rows) == 0:
        return torch.zeros(len(present), *shape, device=present.device)
    found = run(*(x[rows] for x in inputs))
    return found.new_zeros(len(present), *shape).index_copy(0, rows, found)
