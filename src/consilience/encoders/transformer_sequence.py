"""Sequences through a small transformer with learned positions, over letters or stretches of them.

Vaswani et al. 2017 (arXiv 1706.03762); a strided convolution cuts long sequences into at most `positions` patches, as
Dosovitskiy et al. 2021 (arXiv 2010.11929) do with pictures: attention over a thousand letters would cost a thousand
times a thousand.
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
from consilience.encoders.distinct import on_distinct
from consilience.encoders.letters import Letters, folded, hide_letters
from consilience.encoders.sequences import max_over, mean_over
from consilience.encoders.transformer_text import TransformerBlock


class TransformerSequence(Encoder):
    """One token a column, or one a patch.

    inputs: code int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: alphabet, tokens, offset,
    vocabulary, length.
    """

    modality = "sequence"

    class Config(Encoder.Config):
        width: int = Field(64, ge=2)
        """Width of a token; a multiple of `heads`."""
        depth: int = Field(2, ge=1)
        """Transformer blocks."""
        heads: int = Field(4, ge=1)
        """Attention heads."""
        positions: int = Field(128, ge=4, le=1024)
        """Most patches of a sequence: longer ones get longer patches."""
        tokens: Literal["column", "patch"] = "column"
        """column: mean and largest over the sequence as one token a column; patch: one token a patch."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout inside the blocks."""
        hide: float = Field(0.05, ge=0, lt=1)
        """Share of letters hidden in training."""

        @model_validator(mode="after")
        def _divides(self) -> TransformerSequence.Config:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        length = int(facts["length"]) + 1
        self.stride = -(-length // config.positions)
        self.letters = Letters(facts, config.width)
        self.patches = nn.Conv1d(config.width, config.width, 2 * self.stride + 1, stride=self.stride)
        self.positions = nn.Parameter(torch.randn(-(-length // self.stride), config.width) * 0.02)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, config.dropout) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.width = config.width * (2 if config.tokens == "column" else 1)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        code, mask = folded(inputs)
        if self.options.tokens == "patch":
            tokens: Tokens = self.columns(self.read(code, mask), self.kept(mask))
            return tokens
        x = on_distinct(self.pooled, code, mask, skip=self.training).unsqueeze(1)
        found: Tokens = self.columns(x, mask.any(1, keepdim=True))
        return found

    def kept(self, mask: Tensor) -> Tensor:
        """mask [N, L] → [N, P]: patches whose first letter is real."""
        return mask[:, :: self.stride]

    def read(self, code: Tensor, mask: Tensor) -> Tensor:
        """code int64 [N, L], mask bool [N, L] → [N, P, width]."""
        code = hide_letters(code, mask, self.options.hide, self.training)
        kept = self.kept(mask)
        rows = (self.letters(code) * mask.unsqueeze(-1)).transpose(1, 2)
        x = self.patches(F.pad(rows, (self.stride, 2 * self.stride)))[:, :, : kept.shape[1]].transpose(1, 2)
        x = F.gelu(x) + self.positions[: kept.shape[1]]
        for block in self.blocks:
            x = block(x, kept)
        found: Tensor = self.norm(x)
        return found

    def pooled(self, code: Tensor, mask: Tensor) -> Tensor:
        x, kept = self.read(code, mask), self.kept(mask)
        return torch.cat([mean_over(x, kept), max_over(x, kept).float()], -1)
