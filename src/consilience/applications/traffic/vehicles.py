"""One row a vehicle, one row a minute: what the paths come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from consilience.applications.traffic.crossing import Crossing, Line, cross
from consilience.applications.traffic.detections import Array
from consilience.applications.traffic.ground import Ground
from consilience.applications.traffic.joining import EDGE, Path
from consilience.applications.traffic.paths import whole_boxes

WINDOW = 0.5
"""Seconds over which a speed is measured: shorter ones are mostly jitter of the boxes."""
SCHEMA: dict[str, Any] = {
    "id": pl.Int64,
    "type": pl.String,
    "first_second": pl.Float64,
    "last_second": pl.Float64,
    "crossed_second": pl.Float64,
    "direction": pl.String,
    "speed": pl.Float64,
    "speed_unit": pl.String,
    "width_px": pl.Float64,
    "height_px": pl.Float64,
    "sightings": pl.Int64,
}


def vehicle_table(paths: Sequence[Path], line: Line, ground: Ground, size: tuple[int, int]) -> pl.DataFrame:
    """One row a path: see SCHEMA. crossed_second and direction are null where the line was not crossed; speed is null
    where the path is too short to measure one. size: the frame's height and width, pixels."""
    rows = []
    for number, path in enumerate(paths, 1):
        crossing: Crossing | None = cross(path, line)
        whole = whole_boxes(path, size)
        extent = np.median(path.boxes[whole, 2:] - path.boxes[whole, :2], axis=0)
        rows.append(
            {
                "id": number,
                "type": path.kind,
                "first_second": float(path.times[0]),
                "last_second": float(path.times[-1]),
                "crossed_second": crossing.seconds if crossing else None,
                "direction": crossing.direction if crossing else None,
                "speed": speed(path, ground, size),
                "speed_unit": ground.speed_unit,
                "width_px": float(extent[0]),
                "height_px": float(extent[1]),
                "sightings": len(path.times),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def speed(path: Path, ground: Ground, size: tuple[int, int]) -> float | None:
    """Median speed over windows of WINDOW seconds, km/h on calibrated ground, else px/s; None for too short a path.

    On calibrated ground the middle of the box's lower edge is followed, where a vehicle stands on the road; without
    calibration the box.
    """
    whole = whole_boxes(path, size)
    if ground.matrix is None or np.ptp(path.times[whole]) < WINDOW:
        whole = np.ones(len(whole), bool)
    times, boxes = path.times[whole], path.boxes[whole]
    later = np.searchsorted(times, times + WINDOW * 0.99)
    earlier = np.flatnonzero(later < len(times))
    if not len(earlier):
        return None
    later = later[earlier]
    if ground.matrix is None:
        ways = _drawn(boxes, earlier, later, size)
    else:
        where = ground.at(np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]]))
        ways = where[later] - where[earlier]
    found = float(np.median(np.linalg.norm(ways, axis=1) / (times[later] - times[earlier]))) * ground.speed_factor
    return found if np.isfinite(found) else None


def _drawn(boxes: Array, earlier: Array, later: Array, size: tuple[int, int]) -> Array:
    """How far boxes moved in the picture [m, 2], by those of their edges that the frame's edge did not cut off."""
    limits = np.array([size[1], size[0]]) - EDGE
    free = np.hstack([boxes[:, :2] > EDGE, boxes[:, 2:] < limits])
    both = (free[earlier] & free[later]).reshape(-1, 2, 2)  # [m, first or last edge, across or down]
    moved = (boxes[later] - boxes[earlier]).reshape(-1, 2, 2)
    return np.asarray((moved * both).sum(1) / np.maximum(both.sum(1), 1))


def minute_table(vehicles: pl.DataFrame, seconds: float) -> pl.DataFrame:
    """One row a minute, type and direction that occur, quiet minutes included: minute (from 0), type, direction, count
    (Int64), mean_speed (null where none), observed_seconds (60, less in the last minute).

    Args:
        seconds: length of the video.
    """
    minutes = max(1, int(np.ceil(seconds / 60)))
    counted = vehicles.filter(pl.col("direction").is_not_null()).with_columns(
        (pl.col("crossed_second") // 60).cast(pl.Int64).clip(0, minutes - 1).alias("minute")
    )
    kinds = counted.select("type", "direction").unique().sort("type", "direction")
    if not kinds.height:
        kinds = pl.DataFrame({"type": ["vehicle"], "direction": ["any"]})
    grid = pl.DataFrame({"minute": np.arange(minutes)}, schema={"minute": pl.Int64}).join(kinds, how="cross")
    sums = counted.group_by("minute", "type", "direction").agg(
        pl.len().cast(pl.Int64).alias("count"), pl.col("speed").mean().alias("mean_speed")
    )
    last = seconds - 60 * (minutes - 1)
    observed = pl.when(pl.col("minute") == minutes - 1).then(min(60.0, last)).otherwise(60.0)
    return (
        grid.join(sums, on=["minute", "type", "direction"], how="left", maintain_order="left")
        .with_columns(pl.col("count").fill_null(0), observed.alias("observed_seconds"))
        .sort("minute", "type", "direction")
    )


def hourly_flows(vehicles: pl.DataFrame, seconds: float) -> dict[str, float]:
    """Direction → vehicles an hour, as counted over the whole video of `seconds`."""
    counted = vehicles.filter(pl.col("direction").is_not_null())
    sums = counted.group_by("direction").agg(pl.len()).sort("direction")
    return {str(way): float(n) * 3600 / max(seconds, 1e-9) for way, n in sums.iter_rows()}
