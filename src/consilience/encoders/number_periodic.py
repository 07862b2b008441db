"""Numbers as periodic features: sin and cos of learned frequencies, then a linear layer and ReLU, column by
column.

"PLR" of Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning" (arXiv
2203.05556), section 3.3; the value itself stands beside the periodic features, so that a straight line stays
easy to learn.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.column_pool import ColumnPool, pooled

LARGEST_CONCATENATION = 4096
"""Bound on columns × embedding, so that 10,000 columns stay affordable."""


class NumberPeriodic(Encoder):
    """One token a column, or a few tokens for many columns.

    inputs: value float32 [B, C] (standardised), mask bool [B, C].
    """

    modality = "number"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        frequencies: int = Field(16, ge=1)
        """Learned frequencies a column."""
        sigma: float = Field(0.2, gt=0)
        """Standard deviation of the frequencies at the start, cycles a standard deviation of the column."""
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
        pool = pooled(config.tokens, columns)
        wide = columns > 64  # few rows a parameter: fewer frequencies, narrower embeddings
        count = min(config.frequencies, 8) if wide else config.frequencies
        size = max(1, min(config.embedding, LARGEST_CONCATENATION // columns)) if pool else config.width
        self.frequency = nn.Parameter(torch.randn(columns, count) * config.sigma)
        features = 2 * count + 1
        self.weight = nn.Parameter(torch.randn(columns, features, size) * features**-0.5)
        self.bias = nn.Parameter(torch.randn(columns, size) * 0.1)
        self.pool = ColumnPool(columns, size, config.width, config.pooled_tokens, config.dropout) if pool else None

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        mask = inputs["mask"]
        value = (inputs["value"].float() * mask).unsqueeze(-1)
        angle = 2 * math.pi * self.frequency * value
        features = torch.cat([torch.sin(angle), torch.cos(angle), value], -1)
        x = torch.relu(torch.einsum("bcf,cfd->bcd", features, self.weight) + self.bias)
        if self.pool is not None:
            found: Tokens = self.pool(x, mask)
            return found
        return Tokens(x * mask.unsqueeze(-1), mask)
