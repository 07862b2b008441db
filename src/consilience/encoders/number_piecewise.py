"""Numbers as piecewise-linear codes over the quantiles of the training rows.

"Q-LR" of Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning"
(arXiv 2203.05556), section 3.2: bin t holds how far the value has crossed it, 0 before and 1 after.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.column_pool import ColumnPool, pooled

LARGEST_CONCATENATION = 4096
"""Bound on columns × embedding, so that 10,000 columns stay affordable."""


class NumberPiecewise(Encoder):
    """One token a column, or a few tokens for many columns.

    inputs: value float32 [B, C] (standardised), mask bool [B, C]. facts: quantiles [C][Q], strictly
    increasing, in standardised units; a column with fewer than two is coded by its value alone.
    """

    modality = "number"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        bins: int = Field(16, ge=1)
        """Most bins a column; neighbouring quantiles are joined to get there."""
        tokens: Literal["auto", "column", "pooled"] = "auto"
        """column: one token a column; pooled: an MLP over all columns; auto: pooled above 64 columns."""
        embedding: int = Field(16, ge=1)
        """Width of a column's embedding when pooled; less where the columns are many."""
        pooled_tokens: int = Field(1, ge=1)
        """Tokens when pooled."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout when pooled."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        columns = len(facts["columns"])
        self.width = config.width
        edges = [_thinned(q, config.bins) for q in facts["quantiles"]]
        bins = max(len(e) - 1 for e in edges)
        start, span = torch.zeros(columns, bins), torch.ones(columns, bins)
        low, high = torch.zeros(columns, bins), torch.zeros(columns, bins)  # padded bins stay 0
        for c, e in enumerate(edges):
            count = len(e) - 1
            start[c, :count] = torch.tensor(e[:-1])
            span[c, :count] = torch.tensor(e[1:]) - torch.tensor(e[:-1])
            high[c, :count] = 1.0
            low[c, 0], high[c, count - 1] = (
                -8.0,
                9.0,
            )  # the outer bins go on, within reason, as the paper has it
        for name, value in {"start": start, "span": span, "low": low, "high": high}.items():
            self.register_buffer(name, value, persistent=False)
        pool = pooled(config.tokens, columns)
        size = max(1, min(config.embedding, LARGEST_CONCATENATION // columns)) if pool else config.width
        self.weight = nn.Parameter(torch.randn(columns, bins, size) * bins**-0.5)
        self.bias = nn.Parameter(torch.randn(columns, size) * 0.1)
        self.pool = ColumnPool(columns, size, config.width, config.pooled_tokens, config.dropout) if pool else None

    start: Tensor
    span: Tensor
    low: Tensor
    high: Tensor

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        mask = inputs["mask"]
        value = (inputs["value"].float() * mask).unsqueeze(-1)
        code = torch.minimum(torch.maximum((value - self.start) / self.span, self.low), self.high)
        x = torch.relu(torch.einsum("bcf,cfd->bcd", code, self.weight) + self.bias)
        if self.pool is not None:
            found: Tokens = self.pool(x, mask)
            return found
        return Tokens(x * mask.unsqueeze(-1), mask)


def _thinned(quantiles: list[float], bins: int) -> list[float]:
    """At most `bins` + 1 edges, the outer ones kept; [0, 1] where there is no bin at all."""
    count = len(quantiles)
    if count < 2:
        return [0.0, 1.0]
    if count <= bins + 1:
        return [float(q) for q in quantiles]
    return [float(quantiles[round(i * (count - 1) / bins)]) for i in range(bins + 1)]
