"""Forecasts of one or several targets over several steps: a point and quantiles of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.data.forecast_layout import ForecastKind, Layout
from consilience.modalities.base import Guess
from consilience.tasks.answers import Answers
from consilience.tasks.base import Array, Targets

if TYPE_CHECKING:
    from torch import Tensor, nn


@final
class Forecast:
    """The steps after an origin. Arrays are laid out as `data.forecast_layout.Layout` says; the network works in
    standard deviations of the training steps, everybody else in the target's own unit."""

    name: ClassVar[str] = "forecast"
    answers: ClassVar[Answers] = Answers(
        no_probabilities="model that forecasts",
        no_bounds="a forecast comes with its quantiles, whatever the level asked for",
        no_chapters="a forecast is many numbers a row: chapters on single predictions do not apply",
        chapter="of_forecasts",
        first=True,
    )

    class Config(Block):
        loss: Literal["mse", "mae", "huber"] = "mse"
        """Of the point forecast, in standard deviations: squared, absolute, or squared up to one and then straight."""
        quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
        """Levels that are forecast beside the point, by the pinball loss (Koenker & Bassett 1978)."""
        quantile_weight: float = Field(1.0, ge=0)
        """Weight of the pinball loss. It teaches the distance of the quantiles from the point, not the point."""
        centre: Literal["last", "mean", "none"] = "last"
        """What is taken off a window before, and added after: its last value, its mean, or nothing."""
        skip: bool = True
        """A linear map from the past straight to the steps ahead, beside the network."""

        @field_validator("quantiles")
        @classmethod
        def _rising(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
            if any(not 0 < level < 1 for level in levels) or len(set(levels)) != len(levels):
                raise ValueError("levels are different numbers between 0 and 1")
            return tuple(sorted(levels))

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.layout = Layout(
            int(facts["horizon"]),
            tuple(int(p) for p in facts["places"]),
            tuple(config.quantiles),
            tuple(float(v) for v in facts["mean"]),
            tuple(float(v) for v in facts["sd"]),
            int(facts["season"]),
            int(facts["past"]),
            str(facts["column"]),
        )
        self.outputs = self.layout.outputs
        self.kind: str = ForecastKind(self.layout)
        self.primary = "mse_z" if int(facts["entities"]) == 1 else "mase"

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """Zero: a forecast is asked for with the recipe's block `series`, not guessed."""
        return Guess(0.0, "asked for with the recipe's block series")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """
        Raises:
            InputError: always; facts come from the windows, see `learn_windows`.
        """
        raise InputError("a forecast needs windows", where="task", fix="Say how they are cut: --set series.time=COLUMN")

    @staticmethod
    def learn_windows(facts: dict[str, Any], past: int, horizon: int, column: str) -> dict[str, Any]:
        """Facts from those of the windows (`data.windows.training_windows`)."""
        places = [facts["values"].index(target) for target in facts["targets"]]
        kept = {name: facts[name] for name in ("targets", "mean", "sd", "season")}
        more = {"horizon": horizon, "past": past, "column": column, "entities": len(facts["naive_error"])}
        return {**kept, "places": places, **more}

    def encode(self, values: pl.Series) -> Targets:
        """Cells, arrays of float32 → [N, H × K' + K'], NaN where a step is missing; weight 0 where none is known."""
        cells = self.layout.cells
        target = np.full((len(values), cells + len(self.layout.places)), np.nan, np.float32)
        there = values.is_not_null().to_numpy()
        if there.any():
            target[there] = values.filter(values.is_not_null()).to_numpy()
        return Targets(target, np.asarray(np.isfinite(target[:, :cells]).any(1), np.float32))

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean over rows of each row's mean over its known steps, in standard deviations."""
        import torch
        from torch.nn.functional import huber_loss

        layout = self.layout
        said = outputs.float().reshape(len(outputs), layout.horizon, len(layout.places), -1)
        wanted = target[:, : layout.cells].reshape(said.shape[:3])
        known = torch.isfinite(wanted)
        mean, sd = (torch.tensor(part, device=said.device) for part in (layout.mean, layout.sd))
        wanted = torch.where(known, (wanted - mean) / sd, said[..., 0].detach())
        away = said[..., 0] - wanted
        if self.config.loss == "huber":
            each = huber_loss(said[..., 0], wanted, reduction="none")
        else:
            each = away.square() if self.config.loss == "mse" else away.abs()
        if layout.levels and self.config.quantile_weight:
            below = wanted.unsqueeze(-1) - said[..., 1:]
            level = torch.tensor(layout.levels, device=said.device)
            pinball = torch.maximum(level * below, (level - 1) * below).mean(-1)
            each = each + self.config.quantile_weight * 2 * pinball
        each = each * known
        rows = each.sum((1, 2)) / known.sum((1, 2)).clamp_min(1)
        return (rows * weight).sum() / weight.sum().clamp_min(1e-8)

    def direct(self, width: int, units: tuple[Any, Any], own: int = 0, skip: bool = True) -> nn.Module:
        """The module in place of a linear head; see `forecasting.head.ForecastHead`."""
        from consilience.tasks.forecasting.head import ForecastHead

        return ForecastHead(
            self.layout, width, units, centre=self.config.centre, own=own, skip=skip and self.config.skip
        )

    def alone(self, width: int, units: tuple[Any, Any], window: bool) -> nn.Module:
        """The helper head of one group. window: whether it is the group of the past."""
        from consilience.tasks.forecasting.head import AloneHead, ForecastHead

        head = ForecastHead(self.layout, width, units, centre=self.config.centre, skip=window)
        return AloneHead(width, head)

    def predictions(self, outputs: Array) -> Array:
        """Forecasts in the target's own unit, float32 [N, H × K' × (1 + Q)]."""
        said = self.layout.said(np.asarray(outputs, np.float32))
        mean, sd = (np.asarray(part, np.float32)[:, None] for part in (self.layout.mean, self.layout.sd))
        return np.asarray(said * sd + mean, np.float32).reshape(len(said), -1)

    def said(self, predictions: Array) -> Array:
        """The mean point forecast of each row's first target, float32 [N]: one number to show."""
        return np.asarray(self.layout.said(predictions)[:, :, 0, 0].mean(1), np.float32)

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": a list of H numbers (of several targets: H lists), "quantile:<level>": the same}."""
        said = np.asarray(self.layout.said(predictions), np.float32)
        names = ["prediction", *(f"quantile:{level:g}" for level in self.layout.levels)]
        parts = [said[..., i] if len(self.layout.places) > 1 else said[:, :, 0, i] for i in range(said.shape[-1])]
        return {n: _lists(np.ascontiguousarray(part)) for n, part in zip(names, parts, strict=True)}


def _lists(values: Array) -> pl.Series:
    column = pl.Series(values, dtype=pl.Array(pl.Float32, values.shape[1:]))
    return column.arr.to_list() if values.ndim == 2 else column.cast(pl.List(pl.List(pl.Float32)))
