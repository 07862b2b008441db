"""How the arrays of a forecast are laid out, told along with the kind of the task: metrics, references and the stack
all need it."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

Array = np.ndarray[Any, Any]


class Layout(NamedTuple):
    """horizon: H steps. places: position of each of the K' targets among the channels of the past. levels: of the Q
    quantiles, rising. mean, sd: of each target over the training steps. season: in steps, 1 = none. past: steps read.
    column: name of the column that holds the past.

    Targets are [N, H × K' + K']: the steps in time, each with its targets, then the MASE scale of each target; NaN
    where a step is missing. Predictions are [N, H × K' × (1 + Q)]: of each step and target the point forecast, then
    the quantiles.
    """

    horizon: int
    places: tuple[int, ...]
    levels: tuple[float, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    season: int
    past: int
    column: str

    @property
    def cells(self) -> int:
        """H × K'."""
        return self.horizon * len(self.places)

    @property
    def outputs(self) -> int:
        return self.cells * (1 + len(self.levels))

    def wanted(self, target: Array) -> Array:
        """[N, H, K'], NaN where missing."""
        return target[:, : self.cells].reshape(len(target), self.horizon, -1)

    def said(self, predictions: Array) -> Array:
        """[N, H, K', 1 + Q]."""
        return predictions.reshape(len(predictions), self.horizon, len(self.places), 1 + len(self.levels))


class ForecastKind(str):
    """ "forecast", which carries the layout of its arrays wherever the kind of a task is told."""

    layout: Layout

    def __new__(cls, layout: Layout) -> Self:
        kind = super().__new__(cls, "forecast")
        kind.layout = layout
        return kind


def layout_of(kind: str) -> Layout:
    """The layout that a kind carries."""
    assert isinstance(kind, ForecastKind), "a forecast's kind carries its layout"
    return kind.layout
