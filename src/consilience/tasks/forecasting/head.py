"""From the fused vector and the past itself to every step ahead, in the window's own scale.

point = centre + skip(past − centre) + spread × (linear map of the fused vector). The skip is one linear map from the
past to the horizon that all channels share: alone, with the last value as centre, it is NLinear (Zeng et al. 2023,
"Are Transformers Effective for Time Series Forecasting?", arXiv 2205.13504); centre and spread of each window take a
shift of level out (reversible instance normalisation, Kim et al. 2022). It starts at "nothing changes". Quantiles stand
in rising order by construction: each adds a positive amount to the one before.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from consilience.core.tokens import Tokens
from consilience.data.forecast_layout import Layout

Centre = Literal["last", "mean", "none"]
POOLED_RATE = 0.1
"""Share of the learning rate at which the map from the fused vector to the point learns. It has horizon × targets rows
of its own and windows overlap: at the full rate it learns the training steps by heart before the skip has learned the
season (ETTh1 at 96 steps, linear_series, every second window: validation error 0.699 after two epochs, 0.683 with this,
0.688 with dropout of 0.5 in its place)."""
LEAST_SPREAD = 0.05
"""Spread of a window, in training standard deviations, below which it is not divided further."""


class ForecastHead(nn.Module):
    """(pooled [B, D], window Tokens(x [B, L, K], mask [B, L, K]), own Tokens(x [B, K, E]) or None) → [B, H × K' × (1 +
    Q)], in standard deviations of the training steps.

    Args:
        units: of the channels that are forecast, what the series modality took off and divided by: (mean, sd), [K'].
        own: width E of the encoder's token for each channel; 0 where it gives none.
        skip: with the linear map from the past.
    """

    places: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(
        self, layout: Layout, width: int, units: tuple[Any, Any], *, centre: Centre, own: int = 0, skip: bool = True
    ) -> None:
        super().__init__()
        self.layout, self.centre, self.out_features = layout, centre, layout.outputs
        steps, targets, levels = layout.horizon, len(layout.places), len(layout.levels)
        self.skip = nn.Linear(layout.past, steps) if skip else None
        self.point = nn.Linear(width, steps * targets)
        self.own = nn.Linear(own, steps) if own else None
        self.offset = nn.Linear(width, steps * levels)
        self.offsets = nn.Parameter(_first_offsets(layout).expand(steps, targets, levels).clone())
        for linear in (self.skip, self.point, self.own, self.offset):
            if linear is not None:
                nn.init.zeros_(linear.weight)
                nn.init.zeros_(linear.bias)
        mean, sd = (torch.tensor(part, dtype=torch.float32) for part in (layout.mean, layout.sd))
        own_mean, own_sd = (torch.as_tensor(part, dtype=torch.float32) for part in units)
        self.register_buffer("places", torch.tensor(layout.places), persistent=False)
        self.register_buffer("scale", own_sd / sd, persistent=False)
        self.register_buffer("shift", (own_mean - mean) / sd, persistent=False)

    def rates(self) -> dict[str, float]:
        """Parameter → factor of the learning rate; see `training.optimization`."""
        return {"point.weight": POOLED_RATE, "point.bias": POOLED_RATE}

    def forward(self, pooled: Tensor, window: Tokens | None, own: Tokens | None = None) -> Tensor:
        pooled = pooled.float()
        rows, (steps, targets) = pooled.shape[0], self.offsets.shape[:2]
        past, centre, spread = self._scaled(pooled, window)
        point = self.point(pooled).reshape(rows, steps, targets) * spread
        if self.skip is not None:
            point = point + self.skip(past).transpose(1, 2)
        if self.own is not None and own is not None:
            told = own.x[:, self.places].float() * own.mask[:, self.places].unsqueeze(-1)
            point = point + self.own(told).transpose(1, 2) * spread
        point = point + centre
        offsets = self.offset(pooled).reshape(rows, steps, 1, -1) + self.offsets
        rising = torch.cat([offsets[..., :1], softplus(offsets[..., 1:])], -1).cumsum(-1)
        quantiles = point.detach().unsqueeze(-1) + rising * spread.unsqueeze(-1)
        return torch.cat([point.unsqueeze(-1), quantiles], -1).flatten(1)

    def _scaled(self, pooled: Tensor, window: Tokens | None) -> tuple[Tensor, Tensor, Tensor]:
        """Past less its centre [B, K', L], centre and spread [B, 1, K']; zero, the training mean and one where the row
        has no past."""
        rows, targets = pooled.shape[0], self.offsets.shape[1]
        if window is None:
            none = pooled.new_zeros(rows, 1, targets)
            return pooled.new_zeros(rows, targets, self.layout.past), none, none + 1
        x, seen = window.x[:, :, self.places].float(), window.mask[:, :, self.places]
        length = self.layout.past
        x = torch.cat([x, x.new_zeros(rows, length, targets)], 1)[:, :length]
        seen = torch.cat([seen, seen.new_zeros(rows, length, targets)], 1)[:, :length]
        weight = seen.float()
        count = weight.sum(1, keepdim=True)
        some = (count > 0).float()
        x = (x * self.scale + self.shift) * weight
        mean = x.sum(1, keepdim=True) / count.clamp_min(1)
        away = (x - mean) * weight
        spread = (away.square().sum(1, keepdim=True) / count.clamp_min(1) + LEAST_SPREAD**2).sqrt()
        centre = mean
        if self.centre == "last":
            order = torch.arange(1, length + 1, dtype=x.dtype, device=x.device).reshape(1, -1, 1)
            newest = (weight * order).argmax(1, keepdim=True)
            centre = x.gather(1, newest)
        if self.centre == "none":
            centre = torch.zeros_like(mean)
        past = (torch.where(seen, x, mean) - centre) * some
        return past.transpose(1, 2), centre * some, torch.where(some > 0, spread, torch.ones_like(spread))


class AloneHead(nn.Module):
    """What one group says alone: its normalised mean through a head of its own; the past only where it is its own."""

    def __init__(self, width: int, head: ForecastHead) -> None:
        super().__init__()
        self.norm, self.head = nn.LayerNorm(width), head

    def forward(self, pooled: Tensor, window: Tokens | None) -> Tensor:
        said: Tensor = self.head(self.norm(pooled), window if self.head.skip is not None else None)
        return said


def _first_offsets(layout: Layout) -> Tensor:
    """[Q]: before training, the quantiles of a normal distribution of half a spread about the point."""
    levels = torch.tensor(layout.levels, dtype=torch.float64)
    if not len(levels):
        return torch.zeros(0)
    ends = 0.5 * torch.special.ndtri(levels)
    steps = torch.diff(ends).clamp_min(1e-3)
    return torch.cat([ends[:1], torch.log(torch.expm1(steps))]).float()
