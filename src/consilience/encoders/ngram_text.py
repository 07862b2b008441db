"""Text as a bag of hashed n-grams of sub-words.

Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification" (fastText, arXiv 1607.01759): vectors of
words and of hashed word n-grams are averaged. The largest value of each dimension stands beside the mean.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.sequences import max_over, mean_over
from consilience.encoders.text_input import drop_words, folded

PRIME = 1_000_003
"""Multiplier of the polynomial hash; ids stay far below 2^63 / PRIME."""


class NgramText(Encoder):
    """One token a column.

    inputs: ids int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: vocabulary (its size).
    """

    modality = "text"

    class Config(Encoder.Config):
        embedding: int = Field(64, ge=1)
        """Width of an n-gram's vector."""
        largest: int = Field(3, ge=1, le=8)
        """Longest n-gram, sub-words."""
        buckets: int = Field(20_000, ge=1)
        """Vectors that n-grams of two or more sub-words are hashed into."""
        dropout: float = Field(0.3, ge=0, lt=1)
        """Dropout of the pooled features."""
        word_dropout: float = Field(0.1, ge=0, lt=1)
        """Share of sub-words hidden in training."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, self.vocabulary = config, int(facts["vocabulary"])
        hashed = config.buckets if config.largest > 1 else 0
        self.vectors = nn.Embedding(self.vocabulary + hashed, config.embedding)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.width = 2 * config.embedding
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        ids, mask = folded(inputs, self.options.largest)
        grams, real = self.grams(drop_words(ids, mask, self.options.word_dropout, self.training), mask)
        x = self.vectors(grams)
        pooled = self.dropout(torch.cat([mean_over(x, real), max_over(x, real)], -1)).unsqueeze(1)
        tokens: Tokens = self.columns(pooled, mask.any(1, keepdim=True))
        return tokens

    def grams(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the vector table for every n-gram and where they are real, [N, largest · L]."""
        found, reals = [ids], [mask]
        key, real = ids, mask
        for step in range(1, self.options.largest):
            key = (key * PRIME + F.pad(ids, (0, step))[:, step:] + 1) % 2_147_483_647
            real = real & F.pad(mask, (0, step))[:, step:]
            found.append(self.vocabulary + key % self.options.buckets)
            reals.append(real)
        return torch.cat(found, 1), torch.cat(reals, 1)
