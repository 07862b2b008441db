"""Tracks that are one thing become one; things that are two stay two."""

from __future__ import annotations

from typing import Any

import numpy as np

from consilience.applications.traffic.joining import Path, joined, typical_area, without_parts

SIZE = (240, 320)


def path(track: int, times: tuple[float, float], centre: Any, wide: float, high: float, kind: str = "vehicle") -> Path:
    """A box of one size whose centre at second t is `centre(t)`; cut off by the frame, ten sightings a second."""
    when = np.arange(times[0], times[1] + 1e-9, 0.1)
    middle = np.array([centre(t) for t in when], float)
    half = np.array([wide / 2, high / 2])
    boxes = np.hstack([middle - half, middle + half])
    return Path(track, when, boxes.clip(0, [SIZE[1], SIZE[0]] * 2), kind)


def counted(*paths: Path) -> list[int]:
    return [one.track for one in without_parts(joined(paths, SIZE), SIZE)]


WALKER = path(1, (0, 8), lambda t: (40 * t, 120), 50, 140)


def test_a_piece_that_came_out_of_a_thing_is_no_second_thing() -> None:
    head = path(2, (3, 7), lambda t: (40 * t, 70), 30, 30)
    small = WALKER._replace(boxes=WALKER.boxes + np.where(WALKER.times >= 3, 65, 0)[:, None] * [0, 1, 0, 0])
    assert counted(small, head) == [1]


def test_what_leaves_it_behind_is() -> None:
    bag = path(2, (3, 6), lambda t: (120 + 90 * (t - 3), 120), 40, 50)
    assert counted(WALKER, bag) == [1, 2]


def test_what_is_as_large_as_what_passes_is_too() -> None:
    """Two cars nose to tail are one blob until they are seen apart."""
    other = path(3, (10, 20), lambda t: (40 * (t - 10), 60), 40, 30)
    both = path(1, (0, 8), lambda t: (40 * t, 180), 80, 34)
    front = path(2, (4, 7), lambda t: (40 * t + 35, 180), 40, 30)
    assert counted(both, front, other) == [1, 2, 3]


def test_what_comes_alongside_is_a_thing_of_its_own() -> None:
    beside = path(2, (0, 8), lambda t: (40 * t, 210), 40, 40)
    assert counted(path(1, (0, 8), lambda t: (40 * t, 160), 40, 40), beside) == [1, 2]


def test_a_shadow_belongs() -> None:
    assert counted(WALKER, path(2, (0, 8), lambda t: (40 * t, 195), 40, 10)) == [1]


def test_lost_and_found_while_moving_and_while_standing() -> None:
    def drive(t: float) -> tuple[float, float]:
        return 40 * t, 120.0

    assert counted(path(1, (0, 3), drive, 30, 20), path(2, (4.5, 8), drive, 30, 20)) == [1]
    assert counted(path(1, (0, 3), drive, 30, 20), path(2, (4.5, 8), drive, 30, 20, "lorry")) == [1, 2]
    assert counted(path(1, (0, 3), drive, 30, 20), path(2, (4.5, 8), lambda t: (40 * t, 40), 30, 20)) == [1, 2]

    def stop(t: float) -> tuple[float, float]:
        return 40 * min(t, 3), 120.0

    def go(t: float) -> tuple[float, float]:
        return 120 + 40 * max(0.0, t - 31), 120.0

    found = joined([path(1, (0, 6), stop, 30, 20), path(2, (31, 35), go, 30, 20)], SIZE)
    assert [(one.track, one.times[0], round(one.times[-1])) for one in found] == [(1, 0.0, 35)]
    assert (np.diff(found[0].times) > 0).all()


def test_what_leaves_the_frame_does_not_come_back() -> None:
    gone = path(1, (0, 8), lambda t: (40 * t, 120), 30, 20)
    assert counted(gone, path(2, (8.5, 12), lambda t: (300 - 60 * (t - 8.5), 120), 30, 20)) == [1, 2]


def test_of_two_that_meet_both_go_on() -> None:
    left = path(1, (0, 8), lambda t: (40 * t, 120), 44, 36)
    before = path(2, (0, 3.8), lambda t: (320 - 40 * t, 122), 36, 30)
    after = path(3, (4.4, 8), lambda t: (320 - 40 * t, 122), 36, 30)
    assert counted(left, before, after) == [1, 2]


def test_nothing_and_one() -> None:
    assert counted() == []
    assert counted(WALKER) == [1]
    assert typical_area([]) == 0
