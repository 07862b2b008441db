"""Average precision against figures worked out by hand, and its behaviour under weights."""

from __future__ import annotations

import numpy as np
import pytest

from consilience.tasks.boxes.precision import BoxPrecision, average_precision, match
from consilience.tasks.boxes.thresholds import best_thresholds
from consilience.tasks.metrics import scores


def target(*rows: list[tuple[float, ...]]) -> np.ndarray:
    most = max(len(row) for row in rows)
    found = np.zeros((len(rows), most, 5))
    for i, row in enumerate(rows):
        if row:
            found[i, : len(row)] = row
    return found.reshape(len(rows), -1)


def said(*rows: list[tuple[float, ...]]) -> np.ndarray:
    most = max(len(row) for row in rows)
    found = np.zeros((len(rows), most, 6))
    for i, row in enumerate(rows):
        if row:
            found[i, : len(row)] = row
    return found.reshape(len(rows), -1)


A, B = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)


def test_perfect_boxes() -> None:
    found = scores("boxes", target([(*A, 1)], [(*B, 2)]), np.ones(2), said([(*A, 0.9, 1)], [(*B, 0.8, 2)]))
    assert found == {"map_50": 1.0, "map": 1.0, "map_75": 1.0, "recall_50": 1.0}


def test_by_hand() -> None:
    """Two truths; right, wrong, right: precision 1 up to half of recall, 2/3 up to the whole: 51 and 50 of 101."""
    wanted, given = target([(*A, 1), (*B, 1)]), said([(*A, 0.9, 1), (20, 20, 30, 30, 0.8, 1), (*B, 0.7, 1)])
    found = average_precision(match(wanted, given)[1], np.ones(1))
    assert found[0] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_truth_is_taken_once() -> None:
    wanted, given = target([(*A, 1)]), said([(*A, 0.9, 1), (0, 0, 10, 9.9, 0.8, 1)])
    assert match(wanted, given)[1].right[0].tolist() == [True, False]


def test_overlap_decides_between_levels() -> None:
    found = scores("boxes", target([(*A, 1)]), np.ones(1), said([(0, 0, 10, 6.2, 0.9, 1)]))  # IoU 0.62
    assert (found["map_50"], found["map_75"]) == (1.0, 0.0)
    assert found["map"] == pytest.approx(0.3)


def test_weights_are_repeats() -> None:
    random = np.random.default_rng(0)
    wanted, given = [], []
    for _ in range(6):
        boxes = random.uniform(0, 50, (3, 2))
        wanted.append([(*b, *(b + 10), 1 + i % 2) for i, b in enumerate(boxes)])
        given.append(
            [(*(b + random.normal(0, 2, 2)), *(b + 10), random.random(), 1 + i % 2) for i, b in enumerate(boxes)]
        )
    counts = np.array([0, 2, 1, 3, 1, 0])
    weighted = BoxPrecision("boxes", target(*wanted), said(*given)).at(counts.astype(float))
    again = [i for i, n in enumerate(counts) for _ in range(n)]
    repeated = BoxPrecision("boxes", target(*wanted)[again], said(*given)[again]).at(np.ones(len(again)))
    assert weighted == pytest.approx(repeated)


def test_images_without_boxes_count() -> None:
    empty = target([], [(*A, 1)])
    clean = scores("boxes", empty, np.ones(2), said([], [(*A, 0.5, 1)]))["map_50"]
    noisy = scores("boxes", empty, np.ones(2), said([(*B, 0.9, 1)], [(*A, 0.5, 1)]))["map_50"]
    assert (clean, noisy) == (1.0, pytest.approx(0.5))


def test_nothing_there_is_undefined_and_nothing_said_is_zero() -> None:
    assert np.isnan(scores("boxes", target([], [])[:, :0].reshape(2, 0), np.ones(2), said([(*A, 1, 1)], []))["map_50"])
    assert scores("boxes", target([(*A, 1)]), np.ones(1), np.zeros((1, 6)))["map_50"] == 0


def test_thresholds_balance_precision_and_recall() -> None:
    wanted = target([(*A, 1)], [(*A, 1)], [(*A, 2)])
    given = said([(*A, 0.9, 1)], [(*A, 0.6, 1), (*B, 0.4, 1)], [])
    found = best_thresholds(wanted, np.ones(3), given, ["a", "b"])
    assert 0.4 < found["a"] <= 0.6
    assert found["b"] == 0.3
