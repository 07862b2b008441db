"""Series as linear maps over time of their trend and of what is left of them.

Zeng et al. 2023, "Are Transformers Effective for Time Series Forecasting?" (arXiv 2205.13504), the network DLinear: a
moving average is the trend; trend and remainder each go through one linear map over time that all channels share.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.series_channels import ChannelTokens
from consilience.encoders.series_input import folded, normalised, rightmost


class LinearSeries(Encoder):
    """One token a column, or one a channel; linear in the (normalised) values. Gaps in time are not looked at.

    inputs: value float [B, C, L, K], observed bool [B, C, L, K], mask bool [B, C, L], gap float [B, C, L].
    facts: columns, channels [C], length.
    """

    modality = "series"

    class Config(Encoder.Config):
        width: int = Field(96, ge=1)
        """Outputs of each map, and width of a token."""
        window: int = Field(25, ge=1)
        """Steps of the moving average; at most the longest series."""
        per_channel: bool = False
        """A token a channel."""
        instance: bool = True
        """Bring each series to its own mean and deviation; both are kept as features."""
        dropout: float = Field(0.1, ge=0, lt=1)

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        channels, self.length = max(facts["channels"]), int(facts["length"])
        self.options, self.width = config, config.width
        self.window = min(config.window, self.length) // 2 * 2 + 1
        self.trend = nn.Linear(self.length, config.width, bias=False)
        self.rest = nn.Linear(self.length, config.width)
        self.channels = ChannelTokens(channels, config.width, config.width, config.per_channel, config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        view = folded(inputs)
        normal, level = normalised(view, self.options.instance)
        value, there = rightmost(normal, view.mask, self.length)
        observed, _ = rightmost(view.observed.float(), view.mask, self.length)
        trend = self.average(value, observed) * there.unsqueeze(-1)
        rest = (value - trend) * observed  # a missing step lies on the trend
        mapped = self.trend(trend.transpose(1, 2)) + self.rest(rest.transpose(1, 2))
        tokens: Tokens = self.columns(*self.channels(mapped, level, view.observed.any(1)))
        return tokens

    def average(self, value: Tensor, observed: Tensor) -> Tensor:
        """The mean of the observed steps around each step [N, L, K]; 0 where there are none."""
        half = self.window // 2
        total, count = (
            F.avg_pool1d(x.transpose(1, 2), self.window, 1, half).transpose(1, 2) for x in (value, observed)
        )
        return total / count.clamp(min=1e-6)
