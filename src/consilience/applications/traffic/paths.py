"""The paths of what was tracked: gathered while the video streams by, judged when it has ended."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from consilience.applications.traffic.detections import Array, centres
from consilience.applications.traffic.tracker import Seen

LEAST_SECONDS, LEAST_SIGHTINGS = 0.4, 4
STEADY = 5
"""Sightings whose mean place counts: one box alone jumps."""
LEAST_WAY = 0.5
"""Least extent of a path, in its own mean sizes …"""
LEAST_SHARE = 0.08
"""… and as a share of the frame's shorter side: swaying branches go nowhere."""
SATELLITE, REACH, MOSTLY = 4.0, 0.3, 0.8
"""A path belongs to one so many times its area that it has been no farther from than this share of its size, for this
share of its sightings."""
NEAR_SECONDS = 0.5
EDGE = 2.0
"""Pixels from the frame's edge within which a box is cut off."""


class Path(NamedTuple):
    """One tracked thing. track: its number. times [n] seconds, boxes [n, 4] pixels, kind: the class of most score."""

    track: int
    times: Array
    boxes: Array
    kind: str

    @property
    def centres(self) -> Array:
        return centres(self.boxes)


@final
class Gatherer:
    """Keeps 24 bytes a sighting, however long the video is."""

    def __init__(self) -> None:
        self._times: dict[int, array[float]] = defaultdict(lambda: array("d"))
        self._boxes: dict[int, array[float]] = defaultdict(lambda: array("f"))
        self._votes: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def add(self, seconds: float, seen: Sequence[Seen]) -> None:
        for one in seen:
            self._times[one.track].append(seconds)
            self._boxes[one.track].extend(float(v) for v in one.box)
            self._votes[one.track][one.kind] += one.score

    def paths(self, size: tuple[int, int]) -> list[Path]:
        """Paths that went somewhere, in order of their first sight. size: the frame's height and width, pixels."""
        found = []
        for track, times in self._times.items():
            boxes = np.asarray(self._boxes[track], np.float64).reshape(-1, 4)
            votes = self._votes[track]
            path = Path(track, np.asarray(times, np.float64), boxes, max(votes, key=lambda kind: votes[kind]))
            if moved(path, size):
                found.append(path)
        found = [path for path in found if not any(_belongs(path, other) for other in found)]
        return sorted(found, key=lambda path: float(path.times[0]))


def moved(path: Path, size: tuple[int, int]) -> bool:
    """Whether a path is long enough, in time and in space, to be something that drives or walks."""
    if len(path.times) < LEAST_SIGHTINGS or path.times[-1] - path.times[0] < LEAST_SECONDS:
        return False
    width = min(STEADY, len(path.times) // 2)
    steady = np.stack([path.centres[at : at + width].mean(0) for at in range(len(path.times) - width + 1)])
    way = float(np.linalg.norm(np.ptp(steady, axis=0)))
    mean = float(np.sqrt(np.prod(path.boxes[:, 2:] - path.boxes[:, :2], axis=1)).mean())
    return way >= max(LEAST_WAY * mean, LEAST_SHARE * min(size))


def _belongs(path: Path, other: Path) -> bool:
    """Whether a path is a shadow or a part of a far larger thing: it has never been anywhere else."""
    if path is other or np.median(_areas(path)) * SATELLITE > np.median(_areas(other)):
        return False
    at = np.searchsorted(other.times, path.times - 1e-4).clip(0, len(other.times) - 1)
    together = np.abs(other.times[at] - path.times) < NEAR_SECONDS
    boxes = other.boxes[at]
    reach = REACH * np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    apart = np.maximum(boxes[:, :2] - path.boxes[:, 2:], path.boxes[:, :2] - boxes[:, 2:]).max(1)
    return bool((together & (apart < reach)).mean() >= MOSTLY)


def _areas(path: Path) -> Array:
    return np.asarray(np.prod(path.boxes[:, 2:] - path.boxes[:, :2], axis=1))


def whole_boxes(path: Path, size: tuple[int, int]) -> Array:
    """bool [n]: the sightings whose box is not cut off by the frame's edge; all where fewer than 3 are whole."""
    height, width = size
    left, top, right, bottom = path.boxes.T
    whole = (left > EDGE) & (top > EDGE) & (right < width - EDGE) & (bottom < height - EDGE)
    return whole if whole.sum() >= 3 else np.ones(len(whole), bool)
