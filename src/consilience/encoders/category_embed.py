"""Categories as learned vectors, one token a column.

Guo & Berkhahn 2016, "Entity Embeddings of Categorical Variables" (arXiv 1604.06737). Vector 0 of every column
means "a value never seen in training"; it trains because a share of the training cells is turned into it at
random.
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
"""Bound on columns × embedding when pooled."""


class CategoryEmbed(Encoder):
    """The mean over a cell's values of their vectors.

    inputs: index int [B, C, V] (0 = unseen value), mask bool [B, C, V].
    """

    modality = "category"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        unseen: float = Field(0.02, ge=0, lt=1)
        """Share of the values replaced by "unseen" in training."""
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
        sizes = [len(values) + 1 for values in facts["vocabulary"]]
        columns = len(sizes)
        self.width, self.unseen = config.width, config.unseen
        pool = pooled(config.tokens, columns)
        size = max(1, min(config.embedding, LARGEST_CONCATENATION // columns)) if pool else config.width
        self.vectors = nn.Embedding(sum(sizes), size)
        nn.init.normal_(self.vectors.weight, std=0.5)
        first = [sum(sizes[:c]) for c in range(columns)]  # where each column's vectors start in the one table
        self.register_buffer("first", torch.tensor(first).reshape(1, columns, 1), persistent=False)
        self.pool = ColumnPool(columns, size, config.width, config.pooled_tokens, config.dropout) if pool else None

    first: Tensor

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        x, present = mean_vectors(self.vectors, inputs, self.unseen if self.training else 0.0, self.first)
        if self.pool is not None:
            found: Tokens = self.pool(x, present)
            return found
        return Tokens(x, present)


def mean_vectors(
    vectors: nn.Embedding, inputs: dict[str, Tensor], unseen: float, first: Tensor | int = 0
) -> tuple[Tensor, Tensor]:
    """Mean vector of each cell's values [B, C, D], and which cells have any [B, C].

    Args:
        inputs: index int [B, C, V] (0 = unseen value), mask bool [B, C, V].
        unseen: share of the values replaced by "unseen". first: where each column's vectors begin, [1, C, 1].
    """
    mask = inputs["mask"]
    index = inputs["index"].long() * mask
    if unseen > 0:
        index = index * (torch.rand(index.shape, device=index.device) >= unseen)
    real = mask.unsqueeze(-1).float()
    return (vectors(index + first) * real).sum(2) / real.sum(2).clamp(min=1), mask.any(-1)
