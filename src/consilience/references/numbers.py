"""Numbers for models that read tables: as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


@final
class NumberReading:
    """Standardised numbers, NaN where missing."""

    costly: ClassVar[bool] = False

    @staticmethod
    def width(facts: Mapping[str, Any]) -> int:
        return 1

    @staticmethod
    def read(arrays: Arrays, facts: Mapping[str, Any]) -> Array:
        return np.where(arrays["mask"], arrays["value"], np.float32(np.nan))
