"""Figures of series: length, level and pace."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from consilience.modalities.series_steps import cell_column, read_steps


@final
class SeriesFigures:
    """Steps, channels, share of points that are missing, and mean, deviation and mean step of all points."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        steps = read_steps(cell_column(cell))
        seen = steps.values[np.isfinite(steps.values)]
        if not len(seen):
            return {"unreadable": 1.0}
        between = np.diff(steps.values, axis=0)
        between = between[np.isfinite(between)]
        return {
            "steps": float(len(steps.values)),
            "channels": float(steps.values.shape[1]),
            "missing": 1 - len(seen) / steps.values.size,
            "mean": float(seen.mean()),
            "deviation": float(seen.std()),
            "mean_step": float(np.abs(between).mean()) if len(between) else 0.0,
        }
