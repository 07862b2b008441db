"""Text through a small transformer with learned positions.

Vaswani et al. 2017, "Attention Is All You Need" (arXiv 1706.03762); normalisation before each part (Xiong et
al. 2020, arXiv 2002.04745), which trains without a long warm-up.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.sequences import max_over, mean_over
from consilience.encoders.text_input import drop_words, folded


class TransformerText(Encoder):
    """One token a column, or one a sub-word.

    inputs: ids int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: vocabulary (its size),
    length.
    """

    modality = "text"

    class Config(Encoder.Config):
        width: int = Field(96, ge=2)
        """Width of a token; a multiple of `heads`."""
        depth: int = Field(2, ge=1)
        """Transformer blocks."""
        heads: int = Field(4, ge=1)
        """Attention heads."""
        tokens: Literal["column", "word"] = "column"
        """column: mean and largest over the text as one token a column; word: one token a sub-word."""
        dropout: float = Field(0.2, ge=0, lt=1)
        """Dropout inside the blocks."""
        word_dropout: float = Field(0.1, ge=0, lt=1)
        """Share of sub-words hidden in training."""

        @model_validator(mode="after")
        def _divides(self) -> TransformerText.Config:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.vectors = nn.Embedding(int(facts["vocabulary"]), config.width)
        self.positions = nn.Parameter(torch.randn(int(facts["length"]) + 1, config.width) * 0.02)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, config.dropout) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.width = config.width * (2 if config.tokens == "column" else 1)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        ids, mask = folded(inputs, 1)
        x = self.vectors(drop_words(ids, mask, self.options.word_dropout, self.training))
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        if self.options.tokens == "word":
            words: Tokens = self.columns(x, mask)
            return words
        pooled = torch.cat([mean_over(x, mask), max_over(x, mask).float()], -1).unsqueeze(1)
        tokens: Tokens = self.columns(pooled, mask.any(1, keepdim=True))
        return tokens


class TransformerBlock(nn.Module):
    """Self-attention and a feed-forward layer, each normalised before and added after."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        length, width = x.shape[1], x.shape[2]
        parts = self.project(self.norm(x)).reshape(-1, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        bias = (~mask).to(query.dtype)[:, None, None, :] * -1e4  # finite: an empty text attends to its padding
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.dropout(self.out(mixed.transpose(1, 2).reshape(-1, length, width)))
        added: Tensor = x + self.feed(x)
        return added
