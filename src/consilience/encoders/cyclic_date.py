"""Dates as a trend and the circles they run on: year, month, week, day, hour.

Sine and cosine put 31 December beside 1 January; harmonics as in a Fourier series of the season (Hyndman &
Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition, section 7.4).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder

FRACTIONS = 6


class CyclicDate(Encoder):
    """One token a column.

    inputs: value float32 [B, C, 7] (standardised days; fractions in [0, 1) of year, month-of-year,
    day-of-month, weekday, hour, minute), mask bool [B, C].
    """

    modality = "date"

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        harmonics: int = Field(2, ge=1, le=16)
        """Sine and cosine pairs a circle."""
        reach: float = Field(4.0, gt=0)
        """Days further out than this many standard deviations count as that far: no wild extrapolation."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        columns = len(facts["columns"])
        self.width, self.harmonics, self.reach = config.width, config.harmonics, config.reach
        features = 2 + 2 * FRACTIONS * config.harmonics
        self.weight = nn.Parameter(torch.randn(columns, features, config.width) * features**-0.5)
        self.bias = nn.Parameter(torch.randn(columns, config.width) * 0.1)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        mask = inputs["mask"]
        value = inputs["value"].float() * mask.unsqueeze(-1)
        trend = value[..., :1].clamp(-self.reach, self.reach)
        circles = [2 * math.pi * (k + 1) * value[..., 1:] for k in range(self.harmonics)]
        features = torch.cat(
            [trend, trend.square() - 1, *(f(angle) for angle in circles for f in (torch.sin, torch.cos))], -1
        )
        x = torch.relu(torch.einsum("bcf,cfd->bcd", features, self.weight) + self.bias)
        return Tokens(x * mask.unsqueeze(-1), mask)
