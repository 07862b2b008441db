"""The paths of what was tracked: gathered while the video streams by, judged when it has ended."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import final

import numpy as np

from consilience.applications.traffic.detections import Array
from consilience.applications.traffic.joining import Path, areas, cut_off, joined, without_parts
from consilience.applications.traffic.tracker import Seen

LEAST_SECONDS, LEAST_SIGHTINGS = 0.4, 4
STEADY = 5
"""Sightings whose mean place counts: one box alone jumps."""
LEAST_WAY = 0.5
"""Least extent of a path, in its own mean sizes …"""
LEAST_SHARE = 0.08
"""… and as a share of the frame's shorter side: swaying branches go nowhere."""


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
        every = []
        for track, times in self._times.items():
            boxes = np.asarray(self._boxes[track], np.float64).reshape(-1, 4)
            votes = self._votes[track]
            path = Path(track, np.asarray(times, np.float64), boxes, max(votes, key=lambda kind: votes[kind]))
            every.append(path)
        whole = joined([path for path in every if len(path.times) >= LEAST_SIGHTINGS], size)
        found = without_parts([path for path in whole if moved(path, size)], size)
        return sorted(found, key=lambda path: float(path.times[0]))


def moved(path: Path, size: tuple[int, int]) -> bool:
    """Whether a path is long enough, in time and in space, to be something that drives or walks."""
    if len(path.times) < LEAST_SIGHTINGS or path.times[-1] - path.times[0] < LEAST_SECONDS:
        return False
    width = min(STEADY, len(path.times) // 2)
    steady = np.stack([path.centres[at : at + width].mean(0) for at in range(len(path.times) - width + 1)])
    way = float(np.linalg.norm(np.ptp(steady, axis=0)))
    mean = float(np.sqrt(areas(path.boxes)).mean())
    return way >= max(LEAST_WAY * mean, LEAST_SHARE * min(size))


def whole_boxes(path: Path, size: tuple[int, int]) -> Array:
    """bool [n]: the sightings whose box is not cut off by the frame's edge; all where fewer than 3 are whole."""
    whole: Array = np.logical_not(np.any(cut_off(path.boxes, size), axis=1))
    return whole if whole.sum() >= 3 else np.ones(len(whole), bool)
