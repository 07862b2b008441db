"""Regression on one number: the network works in standardised units, everybody else in the target's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.base import Guess
from consilience.modalities.cells import as_number, as_text
from consilience.tasks.answers import Answers
from consilience.tasks.base import Array, Targets
from consilience.tasks.detect import fit_score

if TYPE_CHECKING:
    from torch import Tensor

STRETCH = 5.0
"""Largest ratio of the standard deviation to its estimate from the inner 98 %: beyond it outliers rule."""
INNER_DEVIATIONS = 4.65
"""Distance of a normal distribution's 1 % and 99 % quantiles, in standard deviations."""


@final
class Regression:
    """One number a row. Targets are the cells' own values float32 [N, 1]; the loss standardises them."""

    name: ClassVar[str] = "regression"
    answers: ClassVar[Answers] = Answers(no_probabilities="regression model", first=True)

    class Config(Block):
        label_smoothing: float = Field(0.0, ge=0, lt=1)
        """Has no meaning for numbers: accepted and not used, so that one `train` block serves every task."""
        class_weights: str = "none"
        """As label_smoothing."""
        huber: float = Field(3.0, gt=0)
        """Error, in standard deviations, from which the squared loss goes on in a straight line (Huber 1964).
        """

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.outputs = 1
        self.kind = "regression"
        self.primary = "rmse"
        self.mean, self.scale = float(facts["mean"]), float(facts["scale"])

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """High for numbers with many distinct values."""
        return fit_score(values, "regression")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """Facts: mean, scale (standard deviation, or a robust one where outliers rule), low, high, integer.

        Raises:
            InputError: when the training rows hold no numbers or only one.
        """
        known = as_number(values).drop_nulls().to_numpy()
        if len(np.unique(known)) < 2:
            raise InputError(
                f"the training rows hold {len(np.unique(known))} distinct numbers, at least 2 are needed",
                where=f"target column {values.name!r}",
            )
        low, high = np.quantile(known, [0.01, 0.99])
        inner = float(high - low) / INNER_DEVIATIONS
        mean, scale = float(known.mean()), float(known.std())
        if 0 < inner * STRETCH < scale:
            mean, scale = float(np.median(known)), inner
        return {
            "mean": mean,
            "scale": scale,
            "low": float(known.min()),
            "high": float(known.max()),
            "integer": bool((known == np.round(known)).all()),
        }

    def encode(self, values: pl.Series) -> Targets:
        """Cells → float32 [N, 1] in the target's own unit, and weight float32 [N], 0 where there is no
        number.
        """
        number = as_number(values)
        known = number.is_not_null().to_numpy()
        target = number.fill_null(self.mean).to_numpy().astype(np.float32)[:, None]
        known &= np.isfinite(target[:, 0])
        return Targets(np.where(known[:, None], target, np.float32(self.mean)), known.astype(np.float32))

    def unknown(self, values: pl.Series) -> list[str]:
        """Texts of the cells that are neither missing nor numbers, sorted: their rows count as unlabelled."""
        text = as_text(values)
        return sorted(text.filter(text.is_not_null() & as_number(values).is_null()).unique().to_list())

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean Huber loss in standardised units."""
        from torch.nn.functional import huber_loss

        wanted = (target - self.mean) / self.scale
        rows = huber_loss(outputs.float(), wanted, reduction="none", delta=self.config.huber).mean(-1)
        return (rows * weight).sum() / weight.sum().clamp_min(1e-8)

    def predictions(self, outputs: Array) -> Array:
        """Values in the target's own unit, float32 [N, 1]."""
        return np.asarray(np.asarray(outputs, np.float64) * self.scale + self.mean, dtype=np.float32)

    def said(self, predictions: Array) -> Array:
        """Values float32 [N]."""
        return np.ascontiguousarray(predictions[:, 0], dtype=np.float32)

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": float32 [N]}."""
        return {"prediction": self.said(predictions)}
