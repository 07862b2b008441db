"""The earlier rows of an id, newest first, looked at from the row itself.

One attention layer whose query is the first word (the row's own, where the history tells it) and whose keys are all
words with their places: Pandey and Karypis 2019, "A Self-Attentive Model for Knowledge Tracing" (arXiv 1907.06837).
Only one place asks, so that the cost grows with the length, not with its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.sequences import mean_over
from consilience.encoders.text_input import drop_words, folded

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare


class TokenHistory(Encoder):
    """One token a column: what the first word finds among all, and the mean of all.

    inputs: ids int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: vocabulary (its size), length.
    """

    modality = "text"

    class Config(Encoder.Config):
        width: int = Field(64, ge=2)
        """Width of a word's vector; a multiple of `heads`."""
        heads: int = Field(4, ge=1)
        """Attention heads."""
        dropout: float = Field(0.2, ge=0, lt=1)
        """Dropout of what was found."""
        word_dropout: float = Field(0.05, ge=0, lt=1)
        """Share of words hidden in training."""

        @model_validator(mode="after")
        def _divides(self) -> TokenHistory.Config:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
            return self

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, width = config, config.width
        self.vectors = nn.Embedding(int(facts["vocabulary"]), width)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.positions = nn.Parameter(torch.randn(int(facts["length"]) + 1, width) * 0.02)
        self.query, self.keys = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout))
        self.out = nn.Linear(2 * width, width)
        self.width = 2 * width
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    @classmethod
    def settings(cls, config: Any, prepare: Prepare) -> Prepare:
        """Whole words: "12=1" is one entry, not five signs."""
        return prepare.model_copy(update={"pieces": "words", "tokenizer": None})

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        ids, mask = folded(inputs, 1)
        words = self.vectors(drop_words(ids, mask, self.options.word_dropout, self.training))
        placed = words + self.positions[: words.shape[1]]
        found = words[:, 0] + self.dropout(self._look(placed, mask))
        found = found + self.out(self.feed(self.norm(found)))
        pooled = torch.cat([found, mean_over(words, mask).to(found.dtype)], -1).unsqueeze(1)
        tokens: Tokens = self.columns(pooled, mask.any(1, keepdim=True))
        return tokens

    def _look(self, x: Tensor, mask: Tensor) -> Tensor:
        """x [N, L, D], mask [N, L] → [N, D]: the values that the first word attends to."""
        count, length, width = x.shape
        heads = self.options.heads
        query = self.query(x[:, :1]).reshape(count, 1, heads, width // heads).transpose(1, 2)
        parts = self.keys(x).reshape(count, length, 2, heads, width // heads)
        key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        bias = (~mask).to(query.dtype)[:, None, None, :] * -1e4  # finite: an empty history attends to its padding
        looked = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        mixed: Tensor = looked.transpose(1, 2).reshape(count, width)
        return mixed
