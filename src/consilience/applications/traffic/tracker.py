"""Detections of one frame after another as tracks, each with a number.

Bewley et al. 2016, "Simple Online and Realtime Tracking" (arXiv 1602.00763): a constant-velocity Kalman filter a track
and the best assignment by overlap; Zhang et al. 2022, "ByteTrack" (arXiv 2110.06864): unsure detections may go on with
a track, not begin one. What overlaps no more, as fast or small things do from frame to frame, is matched by distance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, final

import numpy as np
from scipy.optimize import linear_sum_assignment

from consilience.applications.traffic.detections import Array, Detections, centres, overlap

SURE = 0.5
"""Score from which a detection may begin a track."""
LEAST_OVERLAP = 0.15
FARTHEST = 1.0
"""Distance from the predicted place in diagonals of the box, matched where nothing overlaps."""
LOST_SECONDS = 1.0
"""A track that is not seen for longer ends."""
ACCELERATION = 4.0
"""Standard deviation of what changes a speed, box sizes a second squared."""
JITTER = 0.08
"""Standard deviation of a detector's edges, box sizes."""


class Seen(NamedTuple):
    """One detection of a track: number, box [4], score, class."""

    track: int
    box: Array
    score: float
    kind: str


Tracker = Callable[[float, Detections], list[Seen]]
"""(seconds, detections of this frame) → those that belong to a track. Another library's tracker fits behind it."""


@final
class Track:
    """A Kalman filter of centre and size with their speeds: state [8], covariance [8, 8]."""

    def __init__(self, number: int, seconds: float, box: Array) -> None:
        self.number, self.seconds, self.seen = number, seconds, seconds
        self.state = np.concatenate([_measured(box), np.zeros(4)])
        size = self._size()
        self.covariance = np.diag([(JITTER * size) ** 2] * 4 + [(3 * size) ** 2] * 4)

    def _size(self) -> float:
        return float(max(np.sqrt(abs(self.state[2] * self.state[3])), 2.0))

    def predict(self, seconds: float) -> None:
        """To the time of the next frame."""
        step = max(seconds - self.seconds, 1e-6)
        move = np.eye(8)
        move[:4, 4:] = step * np.eye(4)
        force = np.concatenate([np.full(4, step**2 / 2), np.full(4, step)])
        noise = (ACCELERATION * self._size()) ** 2
        pattern = np.tile(np.eye(4), (2, 2)) * np.outer(force, force)
        self.state = move @ self.state
        self.covariance = move @ self.covariance @ move.T + noise * pattern
        self.seconds = seconds

    def correct(self, box: Array) -> None:
        """By what was seen."""
        spread = (JITTER * self._size()) ** 2 * np.eye(4)
        gain = self.covariance[:, :4] @ np.linalg.inv(self.covariance[:4, :4] + spread)
        self.state = self.state + gain @ (_measured(box) - self.state[:4])
        self.covariance = self.covariance - gain @ self.covariance[:4]
        self.seen = self.seconds

    @property
    def box(self) -> Array:
        centre, size = self.state[:2], np.maximum(self.state[2:4], 1.0)
        return np.concatenate([centre - size / 2, centre + size / 2])


def _measured(box: Array) -> Array:
    """Centre and size [4] of a box."""
    box = np.asarray(box, np.float64)
    return np.concatenate([(box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 1.0)])


@final
class SortTracker:
    """See `Tracker`."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._next = 1

    def __call__(self, seconds: float, found: Detections) -> list[Seen]:
        self._tracks = [t for t in self._tracks if seconds - t.seen <= LOST_SECONDS]
        for track in self._tracks:
            track.predict(seconds)
        free_tracks, free = list(range(len(self._tracks))), list(range(len(found.boxes)))
        seen: list[Seen] = []
        sure = [i for i in free if found.scores[i] >= SURE]
        for pool, measure in ((sure, _by_overlap), (free, _by_overlap), (sure, _by_distance)):
            open_ = [i for i in pool if i in free]
            for row, column in self._matched(free_tracks, found.boxes[open_], measure):
                track, at = self._tracks[row], open_[column]
                track.correct(found.boxes[at])
                seen.append(_seen(track, found, at))
                free_tracks.remove(row)
                free.remove(at)
        for at in free:
            if found.scores[at] >= SURE:
                track = Track(self._next, seconds, found.boxes[at])
                self._tracks.append(track)
                self._next += 1
                seen.append(_seen(track, found, at))
        return seen

    def _matched(
        self, tracks: list[int], boxes: Array, measure: Callable[[Array, Array], Array]
    ) -> list[tuple[int, int]]:
        """(track, box) pairs of the best assignment; `measure` gives costs [n, m], infinite where impossible."""
        if not tracks or not len(boxes):
            return []
        costs = measure(np.stack([self._tracks[t].box for t in tracks]), boxes.astype(np.float64))
        finite = np.isfinite(costs)
        rows, columns = linear_sum_assignment(np.where(finite, costs, 1e6))
        return [(tracks[r], int(c)) for r, c in zip(rows, columns, strict=True) if finite[r, c]]


def _seen(track: Track, found: Detections, at: int) -> Seen:
    return Seen(track.number, np.asarray(found.boxes[at], np.float32), float(found.scores[at]), found.classes[at])


def _by_overlap(tracks: Array, boxes: Array) -> Array:
    share = overlap(tracks, boxes)
    return np.where(share >= LEAST_OVERLAP, 1 - share, np.inf)


def _by_distance(tracks: Array, boxes: Array) -> Array:
    apart = np.linalg.norm(centres(tracks)[:, None] - centres(boxes)[None], axis=2)
    size: Any = np.linalg.norm(tracks[:, 2:] - tracks[:, :2], axis=1)[:, None]
    return np.where(apart <= FARTHEST * size, apart / np.maximum(size, 1.0), np.inf)
