"""Sequences as bags of k-mers: light, and blind to where they stand. See `kmer_sketch`."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.distinct import on_distinct
from consilience.encoders.kmer_sketch import KmerSketch
from consilience.encoders.letters import folded, hide_letters


class KmerSequence(Encoder):
    """One token a column.

    inputs: code int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: vocabulary (unused codes are
    hashed all the same), columns.
    """

    modality = "sequence"
    adapts = 20_000

    class Config(Encoder.Config):
        kmers: tuple[int, ...] = Field((1, 2, 3, 4, 5), min_length=1)
        """Lengths of the k-mers."""
        sketch: int = Field(256, ge=4)
        """Hashed counts of each length."""
        rank: int = Field(128, ge=1)
        """Directions of the distinct training cells along which the counts are read."""
        width: int = Field(96, ge=1)
        """Width of a token."""
        dropout: float = Field(0.2, ge=0, lt=1)
        """Dropout of the pooled features."""
        hide: float = Field(0.05, ge=0, lt=1)
        """Share of letters hidden in training."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.sketch = KmerSketch(config.kmers, config.sketch, config.rank, config.width)
        self.width = config.width
        self.mix = nn.Linear(self.width, self.width)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    def adapt(self, inputs: dict[str, Tensor]) -> None:
        self.sketch.adapt(*folded(inputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        code, mask = folded(inputs)
        x = on_distinct(self.read, code, mask, skip=self.training).unsqueeze(1)
        tokens: Tokens = self.columns(self.dropout(x), mask.any(1, keepdim=True))
        return tokens

    def read(self, code: Tensor, mask: Tensor) -> Tensor:
        """code int64 [N, L], mask bool [N, L] → [N, width]."""
        found: Tensor = self.sketch(hide_letters(code, mask, self.options.hide, self.training), mask)
        return found + F.gelu(self.mix(found))
