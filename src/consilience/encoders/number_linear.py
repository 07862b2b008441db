"""Numbers as tokens x·w + b.

The feature tokenizer of Gorishniy et al. 2021, "Revisiting Deep Learning Models for Tabular Data"
(arXiv 2106.11959), section 3.3.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.column_pool import ColumnPool, pooled


class NumberLinear(Encoder):
    """One token a column, or a few tokens for many columns.

    inputs: value float32 [B, C] (standardised), mask bool [B, C].
    """

    modality = "number"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        tokens: Literal["auto", "column", "pooled"] = "auto"
        """column: one token a column; pooled: an MLP over all columns; auto: pooled above 64 columns."""
        pooled_tokens: int = Field(1, ge=1)
        """Tokens when pooled."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout when pooled."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        columns = len(facts["columns"])
        self.width = config.width
        self.pool: ColumnPool | None = None
        if pooled(config.tokens, columns):  # the MLP's first layer is the tokenizer
            self.pool = ColumnPool(columns, 1, config.width, config.pooled_tokens, config.dropout)
            return
        self.weight = nn.Parameter(torch.randn(columns, config.width) * config.width**-0.5)
        self.bias = nn.Parameter(torch.randn(columns, config.width) * config.width**-0.5)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        mask = inputs["mask"]
        value = (inputs["value"].float() * mask).unsqueeze(-1)
        if self.pool is not None:
            found: Tokens = self.pool(value, mask)
            return found
        return Tokens((value * self.weight + self.bias) * mask.unsqueeze(-1), mask)
