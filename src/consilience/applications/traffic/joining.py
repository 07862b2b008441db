"""Several tracks of one thing made one again, when the video has ended and all of them are known.

A detector of motion shows one person as two when the middle is as bright as the ground, and a tracker loses what it
does not see. Both leave marks that a second thing does not. What broke off a thing begins inside the place that the
thing had just covered and stays with it; what was lost begins again, inside the frame, where a track ended inside the
frame. So tracks are joined over gaps as in two-stage tracking (Huang et al. 2008, "Robust Object
Tracking by Hierarchical Association of Detection Responses", ECCV), with what is said there of place and size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from consilience.applications.traffic.detections import Array, centres

EDGE = 2.0
"""Pixels from the frame's edge within which a box is cut off."""
SATELLITE = 4.0
"""A path is a shadow or part of one so many times its area, wherever it began …"""
REACH, MOSTLY = 0.3, 0.8
"""… when it has been no farther from it than this share of its size, for this share of its sightings."""
INSIDE, PART, PART_REACH, ALWAYS = 0.5, 3.0, 0.6, 0.95
"""A path also is a part when this share of its first box lies where the other just was, the other was so many times as
large, and it has been no farther from it than so many sizes for this share of the time when both were seen."""
BORN = 3
"""Sightings that tell how large a path began."""
NEAR_SECONDS, SOON = 0.5, 0.2
GAP_SECONDS, STILL_SECONDS = 3.0, 60.0
"""Longest time for which a moving and a standing thing is found again."""
STILL = 0.5
"""Sizes a second below which a thing stands."""
SPREAD = 0.5
"""Farthest from where a thing should be, in its sizes: once, and again for each second of moving."""
ALIKE = 2.0
"""Largest ratio of the sizes (roots of areas) before and after a gap."""
TAIL = 8
"""Sightings that tell place, size and speed at a path's ends."""


class Path(NamedTuple):
    """One tracked thing. track: its number. times [n] seconds, boxes [n, 4] pixels, kind: the class of most score."""

    track: int
    times: Array
    boxes: Array
    kind: str

    @property
    def centres(self) -> Array:
        return centres(self.boxes)


def areas(boxes: Array) -> Array:
    """[n] of boxes [n, 4]."""
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def typical_area(paths: Sequence[Path]) -> float:
    """Median area of all sightings of all paths: what passes is seen for longer than its pieces."""
    return float(np.median(np.concatenate([areas(path.boxes) for path in paths]))) if paths else 0.0


def cut_off(boxes: Array, size: tuple[int, int]) -> Array:
    """bool [n, 4]: the sides of boxes that lie at the frame's edge. size: height and width, pixels."""
    limits = np.array([size[1], size[0]]) - EDGE
    return np.hstack([boxes[:, :2] <= EDGE, boxes[:, 2:] >= limits])


def belongs(path: Path, other: Path, size: tuple[int, int], typical: float) -> bool:
    """Whether a path is a shadow or a part of another thing: it has never been anywhere else.

    One far smaller need only have stayed near. One that grew later must have come out of the other as a small piece,
    inside the frame, and be small for this clip: what comes alongside, leaves the other behind, or is as large as what
    passes here, is a thing of its own.

    Args:
        typical: area of the things of this clip, see `typical_area`.
    """
    if path is other:
        return False
    at, together = _beside(path, other)
    boxes, usual = other.boxes[at], float(np.median(areas(other.boxes)))
    apart = np.maximum(boxes[:, :2] - path.boxes[:, 2:], path.boxes[:, :2] - boxes[:, 2:]).max(1)
    if float(np.median(areas(path.boxes))) * SATELLITE <= usual:
        near = apart < REACH * np.sqrt(areas(boxes))
        if (together & near).mean() >= MOSTLY:
            return True
    both = together & (path.times <= other.times[-1] + 1e-3)
    small = float(np.median(areas(path.boxes))) * PART <= typical
    if both.mean() < 0.5 or not small or cut_off(path.boxes[:1], size).any() or not came_out(path, other):
        return False
    # what the frame's edge or a gap in the mask cuts off does not make a thing smaller than it is
    near = apart < PART_REACH * np.sqrt(np.maximum(areas(boxes), usual))
    return bool(near[both].mean() >= ALWAYS)


def came_out(path: Path, other: Path) -> bool:
    """Whether a path began as a small piece of the place that the other, which is older, covered just before."""
    before = np.flatnonzero((other.times < path.times[0] - 1e-4) & (other.times > path.times[0] - NEAR_SECONDS))
    if not len(before):
        return False
    began = float(np.median(areas(path.boxes[:BORN])))
    small = began * PART <= float(areas(other.boxes[before]).max())
    return small and _covered(path.boxes[0], other, path.times[0] - NEAR_SECONDS, path.times[0] - 1e-4)


def _beside(path: Path, other: Path) -> tuple[Array, Array]:
    """The sighting of `other` at each of the path [n], and whether it is near in time."""
    at = np.searchsorted(other.times, path.times - 1e-4).clip(0, len(other.times) - 1)
    return at, np.abs(other.times[at] - path.times) < NEAR_SECONDS


def without_parts(paths: Sequence[Path], size: tuple[int, int]) -> list[Path]:
    """Paths that are no part of another; of two that would each be the other's, the longer stays."""
    begins, ends = _ends(paths)
    typical = typical_area(paths)
    kept = np.ones(len(paths), bool)
    for i in sorted(range(len(paths)), key=lambda i: len(paths[i].times)):
        there: Array = kept & (begins < ends[i] + NEAR_SECONDS) & (ends > begins[i] - NEAR_SECONDS)
        kept[i] = not any(belongs(paths[i], paths[j], size, typical) for j in np.flatnonzero(there).tolist())
    return [path for path, stays in zip(paths, kept, strict=True) if stays]


def joined(paths: Sequence[Path], size: tuple[int, int]) -> list[Path]:
    """Paths that end inside the frame, with those that go on from there, as one; the nearest pairs first.

    Where two things meet, one track goes on and the other ends inside it; what comes out of it later is that other.
    """
    begins, ends = _ends(paths)
    pairs = []
    for i, first in enumerate(paths):
        later = np.flatnonzero((begins > ends[i]) & (begins <= ends[i] + STILL_SECONDS))
        if not len(later) or cut_off(first.boxes[-1:], size).any():
            continue
        hosts = [paths[int(k)] for k in np.flatnonzero((begins < ends[i]) & (ends > ends[i]))]
        hosts = [host for host in hosts if _covered(first.boxes[-1], host, ends[i] - SOON, ends[i] + SOON)]
        for j in later.tolist():
            cost = _cost(first, paths[j], hosts, size)
            if np.isfinite(cost):
                pairs.append((cost, i, j))
    after: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in after and j not in taken:
            after[i] = j
            taken.add(j)
    return [_chained(paths, head, after) for head in range(len(paths)) if head not in taken]


def _ends(paths: Sequence[Path]) -> tuple[Array, Array]:
    """Seconds [n] at which paths begin and end."""
    ends = np.array([(path.times[0], path.times[-1]) for path in paths]).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def _chained(paths: Sequence[Path], head: int, after: dict[int, int]) -> Path:
    chain = [head]
    while chain[-1] in after:
        chain.append(after[chain[-1]])
    if len(chain) == 1:
        return paths[head]
    times = np.concatenate([paths[i].times for i in chain])
    longest = max((paths[i] for i in chain), key=lambda path: len(path.times))
    return Path(paths[head].track, times, np.concatenate([paths[i].boxes for i in chain]), longest.kind)


def _cost(first: Path, second: Path, hosts: Sequence[Path], size: tuple[int, int]) -> float:
    """How far, in sizes, the second begins from where the first should be; infinite where it cannot be the same.

    hosts: paths that the first ended inside.
    """
    gap = float(second.times[0] - first.times[-1])
    if first.kind != second.kind or cut_off(second.boxes[:1], size).any():
        return float("inf")
    last, next_ = first.boxes[-TAIL:], second.boxes[:TAIL]
    sides = [float(np.sqrt(np.median(areas(part)))) for part in (last, next_)]
    way = _speed(first.times[-TAIL:], last)
    still = float(np.linalg.norm(way)) < STILL * sides[0]
    if max(sides) > ALIKE * max(min(sides), 1e-9):
        return float("inf")
    if any(_covered(second.boxes[0], host, second.times[0] - NEAR_SECONDS, second.times[0] - 1e-4) for host in hosts):
        return 1 + gap
    if gap > (STILL_SECONDS if still else GAP_SECONDS):
        return float("inf")
    place = centres(last[-1:])[0] + (0.0 if still else gap) * way
    away = float(np.linalg.norm(centres(next_[:1])[0] - place)) / max(sides)
    return away if away <= SPREAD * (1.0 if still else 1.0 + gap) else float("inf")


def _covered(box: Array, other: Path, since: float, until: float) -> bool:
    """Whether most of a box [4] lies where a path was at some time between two moments, seconds."""
    boxes = other.boxes[(other.times >= since) & (other.times <= until)]
    shared = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None).prod(1)
    return bool((shared >= INSIDE * max(float(areas(box[None])[0]), 1e-9)).any())


def _speed(times: Array, boxes: Array) -> Array:
    """Pixels a second [2]: the straight line through the last centres."""
    if len(times) < 2 or np.ptp(times) <= 0:
        return np.zeros(2)
    return np.asarray(np.polyfit(times - times[0], centres(boxes), 1)[0])
