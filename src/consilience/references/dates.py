"""Dates for models that read tables: days, and where they stand in the year, the month, the week and the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


@final
class DateReading:
    """Days, and sine and cosine of the six cyclic fractions; NaN where missing."""

    costly: ClassVar[bool] = False

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return 13

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        value, mask = arrays["value"], arrays["mask"]
        turn = value[..., 1:] * np.float32(2 * np.pi)
        found = np.concatenate([value[..., :1], np.sin(turn), np.cos(turn)], axis=-1)
        found[~mask] = np.nan
        return found.reshape(len(value), -1)
