"""The last value goes on, or the last season does: what every forecast must beat."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from consilience.references.base import State
from consilience.references.forecasting.past import PastReference

Array = np.ndarray[Any, Any]


@final
class Naive(PastReference):
    """The last value, whatever the step."""

    name: ClassVar[str] = "naive"

    def learn(self, past: Array, wanted: Array) -> None:
        """Nothing to learn."""

    def points(self, past: Array) -> Array:
        return np.repeat(past[:, -1:], self.layout.horizon, 1)

    def own_state(self) -> State:
        return State({}, {})

    def own_restore(self, state: State) -> None:
        """Nothing was kept."""


@final
class SeasonalNaive(PastReference):
    """The value of the same place in the last season; the last value where there is no season."""

    name: ClassVar[str] = "seasonal_naive"

    def learn(self, past: Array, wanted: Array) -> None:
        """The season was found on the training steps already."""
        self.note = f"season of {self._season} steps" if self._season > 1 else "no season: as naive"

    @property
    def _season(self) -> int:
        return min(self.layout.season, self.layout.past)

    def points(self, past: Array) -> Array:
        season = self._season
        return past[:, self.layout.past - season + np.arange(self.layout.horizon) % season]

    def own_state(self) -> State:
        return State({}, {})

    def own_restore(self, state: State) -> None:
        """Nothing was kept."""
