"""Many sensors, each with a token of its own: its past, who it is, what time it is, and what its neighbours say.

Shao et al. 2022, "Spatial-Temporal Identity: A Simple yet Effective Baseline for Multivariate Time Series Forecasting"
(arXiv 2208.05233): a shared map of each sensor's window beside learned vectors of the sensor, the time of day and the
day of the week, through a residual MLP. With `graph`, every block also hears the mean of a sensor's neighbours,
weighted by D⁻¹(A + I) (after Kipf & Welling 2017, arXiv 1609.02907).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens
from consilience.encoders.graph_file import neighbours, read_graph
from consilience.encoders.series_input import LEVELS, folded, normalised, rightmost

DAY_PARTS, WEEKDAYS = 48, 7


class GraphSeries(Encoder):
    """A token a sensor: [B, C · K, width], the sensors (channels) of the first column first. A sensor that is not
    observed in a window has no token.

    inputs: value float [B, C, L, K], observed bool [B, C, L, K], mask bool [B, C, L], gap float [B, C, L], and calendar
    float [B, C, 2] where the cells carry times. facts: columns, channels [C], length, calendar; edges with a graph.
    """

    modality = "series"
    channel_tokens = True

    class Config(Encoder.Config):
        width: int = Field(64, ge=1)
        """Width of a token."""
        identity: int = Field(32, ge=1)
        """Width of the learned vector of a sensor, of a time of day, and of a weekday."""
        depth: int = Field(2, ge=1)
        """Residual blocks."""
        graph: str | None = None
        """Path of a CSV file: N × N weights, or rows of from,to,weight."""
        instance: bool = True
        """Bring each sensor's window to its own mean and deviation; both are kept as features."""
        dropout: float = Field(0.1, ge=0, lt=1)

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        """edges [[from, to, weight], …] of the graph, so that a bundle needs no file."""
        if config.graph is None:
            return {}
        names = next((found for found in facts.get("fields") or [] if found), None)
        return {"edges": read_graph(config.graph, names, max(facts["channels"]))}

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        sensors, self.length = max(facts["channels"]), int(facts["length"])
        self.options, self.width = config, config.width
        self.sensors = nn.Parameter(torch.randn(sensors, config.identity) * 0.1)
        inside = 2 * self.length + LEVELS
        self.past = nn.Linear(inside, config.width)
        self.times = None
        if facts.get("calendar"):
            self.times = nn.ModuleList(nn.Embedding(size, config.identity) for size in (DAY_PARTS, WEEKDAYS))
        size = config.width + config.identity * (3 if self.times is not None else 1)
        self.mix = nn.Linear(size, config.width)
        heard = "edges" in facts
        self.blocks = nn.ModuleList(_Block(config, heard) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        matrix = neighbours(facts["edges"], sensors) if heard else None
        self.register_buffer("matrix", matrix, persistent=False)  # made anew from the facts
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    matrix: Tensor | None

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        view = folded(inputs)
        normal, level = normalised(view, self.options.instance)
        value, _ = rightmost(normal, view.mask, self.length)
        observed, _ = rightmost(view.observed.float(), view.mask, self.length)
        window = torch.cat([value.transpose(1, 2), observed.transpose(1, 2), level], -1)
        parts = [torch.relu(self.past(window)), self.sensors.expand(window.shape[0], -1, -1)]
        if self.times is not None:
            parts += [vector.expand(-1, window.shape[1], -1) for vector in self.clock(inputs["calendar"])]
        present = view.observed.any(1)
        x = self.mix(torch.cat(parts, -1))
        for block in self.blocks:
            x = block(x, self.matrix, present)
        tokens: Tokens = self.columns(self.norm(x), present)
        return tokens

    def clock(self, calendar: Tensor) -> list[Tensor]:
        """Vectors of the newest step's time of day and weekday, each [N, 1, identity]."""
        assert self.times is not None
        found = []
        for place, (table, size) in enumerate(zip(self.times, (DAY_PARTS, WEEKDAYS), strict=True)):
            part = (calendar[..., place].flatten() * size).long().clamp(0, size - 1)
            found.append(table(part).unsqueeze(1))
        return found


class _Block(nn.Module):
    """A residual MLP of each sensor, after what its neighbours say where there is a graph."""

    def __init__(self, config: GraphSeries.Config, heard: bool) -> None:
        super().__init__()
        width = config.width
        self.around = nn.Linear(width, width) if heard else None
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor, matrix: Tensor | None, present: Tensor) -> Tensor:
        """x: [N, sensors, D]; present: [N, sensors], sensors that are not observed say nothing."""
        if self.around is not None and matrix is not None:
            heard = torch.matmul(matrix, x * present.unsqueeze(-1))
            x = x + torch.nn.functional.gelu(self.around(heard))
        fed: Tensor = x + self.feed(x)
        return fed
