"""Text as the strongest responses of convolutions over sub-words.

Kim 2014, "Convolutional Neural Networks for Sentence Classification" (arXiv 1408.5882), embeddings trained
from scratch. Beside the largest responses stands the mean of the embeddings (Joulin et al. 2017, fastText),
which is the bag of words that a small table needs.
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


class ConvText(Encoder):
    """One token a column.

    inputs: ids int [B, C, L] (0 = padding, 1 = unknown), mask bool [B, C, L]. facts: vocabulary (its size).
    """

    modality = "text"

    class Config(Encoder.Config):
        embedding: int = Field(96, ge=1)
        """Width of a sub-word's vector."""
        filters: int = Field(64, ge=1)
        """Filters of each kernel width."""
        kernels: tuple[int, ...] = Field((2, 3), min_length=1)
        """Kernel widths, sub-words."""
        mean: bool = True
        """Put the mean embedding beside the filters."""
        dropout: float = Field(0.5, ge=0, lt=1)
        """Dropout of the pooled features."""
        embedding_dropout: float = Field(0.3, ge=0, lt=1)
        """Dropout of the sub-words' vectors, the same dimensions along a text."""
        word_dropout: float = Field(0.1, ge=0, lt=1)
        """Share of sub-words hidden in training."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.vectors = nn.Embedding(int(facts["vocabulary"]), config.embedding)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.convs = nn.ModuleList(nn.Conv1d(config.embedding, config.filters, k) for k in config.kernels)
        self.width = config.filters * len(config.kernels) + config.embedding * config.mean
        self.columns = ColumnTokens(len(facts["columns"]), self.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        if self.training:  # a column of titles need not be as long as the column of reviews beside it
            columns = inputs["ids"].shape[1]
            lengths = inputs["mask"].sum(-1).amax(0).clamp(min=1).tolist()
            parts = [
                self.pool(*folded({n: inputs[n][:, c : c + 1, : lengths[c]] for n in ("ids", "mask")}, 1))
                for c in range(columns)
            ]
            pooled = torch.stack(parts, 1).flatten(0, 1)
        else:
            pooled = self.pool(*folded(inputs, 1))
        present = inputs["mask"].any(-1).flatten().unsqueeze(1)
        tokens: Tokens = self.columns(self.dropout(pooled).unsqueeze(1), present)
        return tokens

    def pool(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids int64 [N, L], mask bool [N, L] → [N, width]: strongest responses, mean embedding."""
        options = self.options
        x = self.vectors(drop_words(ids, mask, options.word_dropout, self.training))
        if self.training and options.embedding_dropout > 0:
            x = x * F.dropout(torch.ones_like(x[:, :1]), options.embedding_dropout)
        x = x * mask.unsqueeze(-1)
        rows = x.transpose(1, 2)
        parts = []
        for conv, k in zip(self.convs, options.kernels, strict=True):
            found = torch.relu(conv(F.pad(rows, ((k - 1) // 2, k // 2))))
            parts.append(max_over(found.transpose(1, 2), mask))
        if options.mean:
            parts.append(mean_over(x, mask).to(parts[0].dtype))
        return torch.cat(parts, -1)
