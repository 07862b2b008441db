"""From pixels to metres on the road: a plane-to-plane map from four points (Hartley and Zisserman 2004, chapter 4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from consilience.applications.traffic.detections import Array
from consilience.core.errors import InputError
from consilience.modalities.image_decode import opencv

FORM = '{"image": [[x, y] × 4 in pixels], "ground": [[x, y] × 4 in metres]}'
LEAST_AREA = 1e-3
"""Least area of the four points, share of their box: less is a line, which gives no plane."""


class Ground(NamedTuple):
    """matrix [3, 3]: pixels → metres, or None, then pixels stay pixels."""

    matrix: Array | None = None

    @property
    def unit(self) -> str:
        """Unit of a length."""
        return "px" if self.matrix is None else "m"

    @property
    def speed_unit(self) -> str:
        return "px/s" if self.matrix is None else "km/h"

    @property
    def speed_factor(self) -> float:
        """From the length unit a second to the unit of speed."""
        return 1.0 if self.matrix is None else 3.6

    def at(self, points: Array) -> Array:
        """[n, 2] pixels → [n, 2] metres (pixels where nothing is calibrated)."""
        points = np.asarray(points, np.float64)
        if self.matrix is None:
            return points
        found = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return np.asarray(found[:, :2] / found[:, 2:])


def read_calibration(path: Path) -> Ground:
    """
    Raises:
        InputError: when the file is missing, has another form, or three of its points lie on a line.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("the calibration cannot be read", where=str(path), fix=error.strerror or str(error)) from None
    except ValueError as error:
        raise InputError(f"the calibration is no JSON: {error}", where=str(path), fix=f"Write {FORM}") from None
    return calibrate(given, str(path))


def calibrate(given: Any, where: str = "calibration") -> Ground:
    """
    Args:
        given: {"image": four [x, y] in pixels, "ground": the same four in metres on the road}.
    Raises:
        InputError: see `read_calibration`.
    """
    sides = [_points(given, name, where) for name in ("image", "ground")]
    cv2 = opencv()
    matrix = cv2.getPerspectiveTransform(*(side.astype(np.float32) for side in sides))
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise InputError(
            "the four points give no plane", where=where, fix="Take the corners of a rectangle on the road"
        )
    return Ground(np.asarray(matrix, np.float64))


def _points(given: Any, name: str, where: str) -> Array:
    try:
        points = np.asarray(given[name], np.float64)
    except (KeyError, TypeError, ValueError):
        points = np.zeros(0)
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise InputError(f"{name!r} must be four points", where=where, fix=f"Write {FORM}")
    box = float(np.prod(points.max(0) - points.min(0)))
    for left_out in range(4):
        a, b, c = np.delete(points, left_out, 0)
        twice = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        if box <= 0 or twice < LEAST_AREA * box:
            raise InputError(
                f"three of the points of {name!r} lie on a line", where=where, fix="Take the corners of a rectangle"
            )
    return points
