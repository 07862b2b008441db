"""Categories of consecutive steps (known ahead of a forecast) as learned vectors that all steps share.

Guo & Berkhahn 2016, "Entity Embeddings of Categorical Variables" (arXiv 1604.06737); categories known ahead enter a
forecast step by step as in Lim et al. 2021, "Temporal Fusion Transformers" (arXiv 1912.09363). Vector 0 means "a value
never seen in training"; it trains because a share of the training cells is turned into it at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.category_embed import mean_vectors


class CategorySteps(Encoder):
    """One token a row: the vectors of all steps side by side, through one linear map.

    inputs: index int [B, C, V] (0 = unseen value), mask bool [B, C, V]; the C columns are the steps. facts: columns,
    vocabulary [C], each the same.
    """

    modality = "category"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of the token."""
        embedding: int = Field(8, ge=1)
        """Width of a category's vector."""
        unseen: float = Field(0.02, ge=0, lt=1)
        """Share of the values replaced by "unseen" in training."""
        dropout: float = Field(0.1, ge=0, lt=1)

    @classmethod
    def learn(cls, config: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
        """One vocabulary of all steps: a holiday is the same three steps ahead as one."""
        shared = list(dict.fromkeys(value for values in facts["vocabulary"] for value in values))
        return {"vocabulary": [shared] * len(facts["columns"])}

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        steps = len(facts["columns"])
        self.width, self.unseen = config.width, config.unseen
        self.vectors = nn.Embedding(max(map(len, facts["vocabulary"])) + 1, config.embedding)
        nn.init.normal_(self.vectors.weight, std=0.5)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(steps * (config.embedding + 1), config.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        x, present = mean_vectors(self.vectors, inputs, self.unseen if self.training else 0.0)
        joined = torch.cat([x, present.unsqueeze(-1).float()], -1).flatten(1)
        there = present.any(1, keepdim=True)
        return Tokens((self.out(self.dropout(joined)) * there).unsqueeze(1), there)
