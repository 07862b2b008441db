"""Series as the shares of steps at which fixed random convolutions respond.

Dempster, Schmidt & Webb 2021, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series
Classification" (arXiv 2012.08791): 84 kernels of nine weights, all that have three 2s and six −1s, at several
dilations; the feature is the share of steps above a threshold (PPV). Where the paper takes thresholds from training
series, here they are multiples of the response's own root mean square, and that size is a feature too: nothing need
be stored. The share is counted with a narrow ramp instead of a jump, so that rounding cannot turn a step over and
gradients exist. Kernels never learn: features are computed once a row, into the cache.
"""

from __future__ import annotations

import json
import math
from itertools import combinations
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.series_input import LEVELS, View, folded, normalised

TAPS, TWOS = 9, 3
KERNELS = math.comb(TAPS, TWOS)
RAMP = 0.1
"""Width of the ramp, in root mean squares of the response."""
LEAST_RESPONSE = 1e-4
"""Added to the mean square of a response: a constant series has none, and rounding must not become one."""
WIDEST = 9
"""Channels that a kernel sees at most."""


class RocketSeries(Encoder):
    """One token a column.

    inputs: value float [B, C, L, K], observed bool [B, C, L, K], mask bool [B, C, L], gap float [B, C, L]; or what
    `before` made of them: features [B, C, F], mask [B, C]. facts: columns, channels [C], length.
    """

    modality = "series"
    fixed = True

    class Config(Encoder.Config):
        features: int = Field(2000, ge=KERNELS)
        """About so many features of the kernels."""
        width: int = Field(96, ge=1)
        """Width of a token."""
        instance: bool = True
        """Bring each series to its own mean and deviation; both are kept as features."""
        seed: int = Field(0, ge=0, lt=2**31)
        """What thresholds and channels are drawn with."""
        dropout: float = Field(0.3, ge=0, lt=1)

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        channels = max(facts["channels"])
        self.options, self.width, self.channels = config, config.width, channels
        self.length = int(facts["length"])
        most = max(1, config.features // (2 * KERNELS))
        self.dilations = _dilations(self.length, most)
        each = max(1, round(config.features / (KERNELS * len(self.dilations))) - 1)
        random = torch.Generator().manual_seed(config.seed)
        for place in range(len(self.dilations)):  # made anew from the seed: no need to store them
            self.register_buffer(f"kernels{place}", _kernels(channels, random), persistent=False)
            self.register_buffer(f"thresholds{place}", _thresholds(each, random), persistent=False)
        self.size = KERNELS * len(self.dilations) * (each + 1) + channels * LEVELS
        self.norm = MaskedBatchNorm(self.size)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(self.size, config.width)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """features float [B, C, F] and mask bool [B, C]."""
        present = inputs["mask"].any(-1)
        features = self.respond(folded(inputs)) * present.reshape(-1, 1)
        return {"features": features.reshape(*present.shape, -1), "mask": present}

    def fixed_by(self) -> str:
        options = self.options
        return json.dumps([options.features, options.instance, options.seed, self.channels, self.length])

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        made = inputs if "features" in inputs else self.before(inputs)
        present = made["mask"].reshape(-1, 1)
        x = made["features"].float().flatten(0, 1).unsqueeze(-1)  # one position each, for the norm
        x = self.norm(x, present).squeeze(-1) if not self.training or bool(present.any()) else x.squeeze(-1)
        tokens: Tokens = self.columns(self.out(self.dropout(x)).unsqueeze(1), present)
        return tokens

    def respond(self, view: View) -> Tensor:
        """[N, F]: for each dilation the shares of steps above each threshold and the size of each response."""
        normal, level = normalised(view, self.options.instance)
        x, real = normal.transpose(1, 2), view.mask.float().unsqueeze(1)
        count = real.sum(2).clamp(min=1)
        found = []
        for place, dilation in enumerate(self.dilations):
            kernels, thresholds = getattr(self, f"kernels{place}"), getattr(self, f"thresholds{place}")
            response = nn.functional.conv1d(x, kernels, padding=dilation * (TAPS // 2), dilation=dilation)
            size = ((response.square() * real).sum(2) / count + LEAST_RESPONSE).sqrt()
            scaled = response / size.unsqueeze(-1)
            for threshold in thresholds.unbind(1):
                above = ((scaled - threshold[:, None]) / RAMP + 0.5).clamp(0, 1)
                found.append((above * real).sum(2) / count)
            found.append(size.log())
        return torch.cat([*found, level.flatten(1)], 1)


def _dilations(length: int, most: int) -> list[int]:
    """At most `most` dilations, growing by equal factors, until a kernel spans the longest series."""
    highest = math.log2(max(1, (length - 1) / (TAPS - 1)))
    exponents = torch.linspace(0, highest, min(most, int(highest) + 1)).tolist()
    return sorted({int(2**exponent) for exponent in exponents})


def _kernels(channels: int, random: torch.Generator) -> Tensor:
    """[KERNELS, channels, TAPS]: every kernel of −1 and 2, each on a few channels drawn at random."""
    shapes = torch.full((KERNELS, TAPS), -1.0)
    for row, places in enumerate(combinations(range(TAPS), TWOS)):
        shapes[row, list(places)] = 2.0
    highest = math.log2(min(channels, WIDEST) + 1)
    sizes = (2 ** (torch.rand(KERNELS, generator=random) * highest)).long().clamp(1, channels)
    order = torch.rand(KERNELS, channels, generator=random).argsort(1).argsort(1)
    chosen = (order < sizes[:, None]).float() / sizes[:, None].float().sqrt()
    return chosen[:, :, None] * shapes[:, None, :]


def _thresholds(each: int, random: torch.Generator) -> Tensor:
    """[KERNELS, each]: quantiles of a normal response, spread evenly, shifted at random for each kernel."""
    start = torch.rand(KERNELS, 1, generator=random)
    share = ((torch.arange(each) + start) / each * 0.9 + 0.05).clamp(0.05, 0.95)
    return math.sqrt(2) * torch.erfinv(2 * share - 1)
