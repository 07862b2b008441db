"""The line that vehicles are counted at: given, or laid across the main flow where most paths pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from consilience.applications.traffic.detections import Array
from consilience.applications.traffic.joining import Path
from consilience.core.errors import InputError

PLACES = 101
"""Places tried for the line along the main flow."""
NAMES = ("right", "down", "left", "up")


class Line(NamedTuple):
    """From (x0, y0) to (x1, y1), pixels."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def normal(self) -> Array:
        """Unit vector across the line."""
        across = np.array([self.y1 - self.y0, self.x0 - self.x1])
        return np.asarray(across / np.linalg.norm(across))


class Crossing(NamedTuple):
    """seconds: when. direction: up, down, left or right in the picture."""

    seconds: float
    direction: str


def read_line(given: str) -> Line:
    """
    Args:
        given: "x0,y0,x1,y1" in pixels.
    Raises:
        InputError: when it is no line.
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in given.split(","))
    except ValueError:
        raise InputError(f"a line is x0,y0,x1,y1 in pixels, received {given!r}", where="--line") from None
    if not np.isfinite([x0, y0, x1, y1]).all() or (x0, y0) == (x1, y1):
        raise InputError(f"the line {given!r} has no length", where="--line", fix="Name two different points")
    return Line(x0, y0, x1, y1)


def choose_line(paths: Sequence[Path], size: tuple[int, int]) -> Line:
    """Across the main axis of all movement, where most paths pass; the frame's middle where nothing moves.

    Args:
        size: the frame's height and width, pixels.
    """
    height, width = size
    middle = np.array([width / 2, height / 2])
    if not paths:
        return _across(middle, np.array([0.0, 1.0]), size)
    sizes = np.array([np.median(np.prod(path.boxes[:, 2:] - path.boxes[:, :2], axis=1)) for path in paths])
    weights = np.sqrt(sizes / sizes.max())  # near and large things are placed best
    ways = np.stack([_way(path) for path in paths]) * weights[:, None]
    _, vectors = np.linalg.eigh(ways.T @ ways)
    axis = vectors[:, -1]
    reach = abs(axis) @ middle
    ends = [np.quantile((path.centres - middle) @ axis, (0, 1)) for path in paths]
    places = np.linspace(-0.8 * reach, 0.8 * reach, PLACES)
    passed = [sum(w for w, (low, high) in zip(weights, ends, strict=True) if low < p < high) for p in places]
    best = np.flatnonzero(np.isclose(passed, max(passed)))
    place = places[best[len(best) // 2]]
    return _across(middle + place * axis, axis, size)


def _way(path: Path) -> Array:
    """From the mean of the first third of a path to that of its last."""
    third = max(1, len(path.times) // 3)
    return np.asarray(path.centres[-third:].mean(0) - path.centres[:third].mean(0))


def _across(point: Array, axis: Array, size: tuple[int, int]) -> Line:
    """The line through `point` at a right angle to `axis`, cut at the frame's edges."""
    along = np.array([-axis[1], axis[0]])
    limits = np.array([size[1], size[0]], np.float64)
    low, high = -np.inf, np.inf
    for k in range(2):
        if abs(along[k]) > 1e-9:
            first, last = sorted(((0 - point[k]) / along[k], (limits[k] - point[k]) / along[k]))
            low, high = max(low, first), min(high, last)
    a, b = point + low * along, point + high * along
    return Line(float(a[0]), float(a[1]), float(b[0]), float(b[1]))


def cross(path: Path, line: Line) -> Crossing | None:
    """When and whither a path crosses the line for good; None where it stays on its side or passes its ends."""
    start, normal = np.array([line.x0, line.y0]), line.normal
    side = (path.centres - start) @ normal
    if side[0] == 0 or np.sign(side[0]) == np.sign(side[-1]) or side[-1] == 0:
        return None
    at = int(np.flatnonzero(np.sign(side[:-1]) * np.sign(side[1:]) <= 0)[-1])
    share = float(side[at] / (side[at] - side[at + 1])) if side[at] != side[at + 1] else 0.0
    place = path.centres[at] + share * (path.centres[at + 1] - path.centres[at])
    along = np.array([line.x1 - line.x0, line.y1 - line.y0])
    if not 0 <= (place - start) @ along / (along @ along) <= 1:
        return None
    seconds = float(path.times[at] + share * (path.times[at + 1] - path.times[at]))
    return Crossing(seconds, name_of(normal * np.sign(side[-1])))


def name_of(way: Array) -> str:
    """right, down, left or up, whichever is nearest in the picture (its y axis points down)."""
    turn = round(float(np.arctan2(way[1], way[0])) / (np.pi / 2)) % 4
    return NAMES[int(turn)]
