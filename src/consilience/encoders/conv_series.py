"""Series through dilated residual convolutions.

Bai, Kolter & Koltun 2018, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
Modeling" (arXiv 1803.01271), the temporal convolutional network; here with batch statistics over real steps in place
of weight normalisation, and looking to both sides unless `causal`, since the whole series is known. What happens
anywhere is told by pooling over all steps; what happens at a place by means of the responses and of the series itself
about places in its time (`series_places`), which go through linear maps.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_input import time_pool
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.series_channels import MIXED
from consilience.encoders.series_input import LEVELS, View, folded, last_step, normalised
from consilience.encoders.series_places import near, passed, place_means

LONGEST = 256
"""Steps that the convolutions see; longer series are taken in larger strides first."""
MOST_PLACES = 48
"""Places of a series at most: a day of half hours has one for each."""
DEEPEST = 6


class ConvSeries(Encoder):
    """`time_tokens` tokens a column: mean, largest and newest response, with the series' level and its course by place.

    inputs: value float [B, C, L, K], observed bool [B, C, L, K], mask bool [B, C, L], gap float [B, C, L].
    facts: columns, channels [C], length.
    """

    modality = "series"
    folded = True

    class Config(Encoder.Config):
        filters: int = Field(64, ge=1)
        """Channels of the convolutions."""
        kernel: int = Field(5, ge=1)
        """Steps a convolution sees; odd."""
        depth: int | None = Field(None, ge=1, le=16)
        """Residual blocks, each with twice the dilation of the one before; as many as see a whole series when None."""
        causal: bool = False
        """No response looks into later steps."""
        time_tokens: int = Field(1, ge=1, le=64)
        """Equal stretches of time that become tokens."""
        places: int | None = Field(None, ge=0, le=256)
        """Places in time about which the series itself is averaged, for a linear map; one a step, at most 48, when
        None; 0: without."""
        segments: int = Field(8, ge=0, le=64)
        """Places in time about which responses are averaged; 0: without."""
        width: int = Field(96, ge=1)
        """Width of a token."""
        instance: bool = True
        """Bring each series to its own mean and deviation; both are kept as features."""
        dropout: float = Field(0.1, ge=0, lt=1)

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        channels, length = max(facts["channels"]), int(facts["length"])
        self.options, self.width = config, config.width
        self.stride = max(1, math.ceil(length / LONGEST))
        seen = math.log2(length / self.stride / (2 * max(config.kernel - 1, 1)) + 1)
        depth = config.depth or min(DEEPEST, max(2, math.ceil(seen)))
        reach = 2 * self.stride + 1
        self.stem = nn.Conv1d(2 * channels + 1, config.filters, reach, self.stride, reach // 2, bias=False)
        self.norm = MaskedBatchNorm(config.filters)
        self.blocks = nn.ModuleList(_Block(config, 2**i) for i in range(depth))
        self.out = nn.Linear(3 * config.filters + channels * LEVELS, config.width)
        self.places = min(length, MOST_PLACES, max(1, MIXED // channels)) if config.places is None else config.places
        self.course = nn.Linear(self.places * channels, config.width, bias=False) if self.places else None
        self.parts = nn.Linear(config.segments * config.filters, config.width, bias=False) if config.segments else None
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        view = folded(inputs)
        present = view.mask.any(1)
        shape = (self.options.time_tokens, self.width)
        x = on_present(self.read, present, shape, *view, skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, shape[0]))
        return tokens

    def read(self, *view: Tensor) -> Tensor:
        """A View's tensors → [N, time_tokens, width]."""
        _, observed, mask, gap = view
        share = passed(gap, mask)
        normal, level = normalised(View(*view), self.options.instance)
        x = torch.cat([normal, observed.float(), gap.log1p().unsqueeze(-1)], -1).transpose(1, 2)
        placed = self.by_course(normal, observed, near(share, mask, self.places)) if self.places else 0
        mask = mask[:, :: self.stride]  # position t of the result stands over stride · t
        x = torch.relu(self.norm(self.stem(x), mask))
        for block in self.blocks:
            x = block(x, mask)
        rows, parts = x.transpose(1, 2), self.options.time_tokens
        newest = last_step(rows, mask).unsqueeze(1).expand(-1, parts, -1)
        levels = level.flatten(1).unsqueeze(1).expand(-1, parts, -1)
        pooled = torch.cat([time_pool(rows, mask, parts), newest.float(), levels], -1)
        found: Tensor = self.out(self.dropout(pooled)) + placed
        if self.parts is not None:
            weight = near(share[:, :: self.stride], mask, self.options.segments)
            means = place_means(rows.float(), mask.unsqueeze(-1).float(), weight)
            found = found + self.parts(self.dropout(means.flatten(1))).unsqueeze(1)
        return found

    def by_course(self, normal: Tensor, observed: Tensor, weight: Tensor) -> Tensor:
        """The normalised series [N, L, K] by place, through a linear map → [N, 1, width]."""
        assert self.course is not None, "asked only where there are places"
        means = place_means(normal, observed.float(), weight)
        found: Tensor = self.course(self.dropout(means.flatten(1)))
        return found.unsqueeze(1)


class _Block(nn.Module):
    """Two convolutions with the same dilation, added to what they read."""

    def __init__(self, config: ConvSeries.Config, dilation: int) -> None:
        super().__init__()
        size, reach = config.filters, (config.kernel - 1) * dilation
        self.pad = (reach, 0) if config.causal else (reach // 2, reach - reach // 2)
        self.first = nn.Conv1d(size, size, config.kernel, dilation=dilation, bias=False)
        self.second = nn.Conv1d(size, size, config.kernel, dilation=dilation, bias=False)
        self.norms = nn.ModuleList(MaskedBatchNorm(size) for _ in range(2))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        found = torch.relu(self.norms[0](self.first(F.pad(x, self.pad)), mask))
        found = self.norms[1](self.second(F.pad(self.dropout(found), self.pad)), mask)
        return torch.relu(x + found)
