"""Our average precision against COCO's own code, on made images that crowd, tie, stay empty and overflow."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from consilience.tasks.boxes.precision import BoxPrecision, average_precision, match

Array = np.ndarray[Any, Any]
CLASSES = 5


def made(random: np.random.Generator, images: int, most: int) -> tuple[Array, Array]:
    """Targets [N, M × 5] and predictions [N, P × 6] on quarter pixels, which both codes reckon with exactly.

    Class 5 is only ever predicted, class 4 only ever there. Crowds of near twins, scores of two digits (ties), boxes of
    a quarter pixel, images without truths, without predictions, and with more than `most` predictions.
    """
    truths, given = [], []
    for image in range(images):
        here, said = [], []
        for _ in range(0 if image % 7 == 3 else int(random.integers(1, 9))):
            corner, size = random.integers(0, 300, 2) / 4, random.choice([0.25, 1, 8, 30]) * random.integers(1, 4, 2)
            label = int(random.integers(1, 5))
            for _ in range(int(random.integers(1, 4))):  # twins on almost one place, some of them alike to the bit
                corner = corner + random.integers(-1, 2, 2) * size // 8
                here.append([*corner, *(corner + size), label])
            for _ in range(int(random.integers(0, 4)) if label < 4 else 0):
                moved = corner + random.integers(-1, 2, 2) * size * random.choice([0, 0.125, 0.25])
                said.append([*moved, *(moved + size), round(1 - 0.7 * random.random(), 1 + image % 2), label])
        for _ in range(int(random.integers(0, 3))):
            corner = random.integers(0, 300, 2) / 4
            said.append([*corner, *(corner + 10), round(0.6 * random.random(), 2), int(random.choice([1, 2, 3, 5]))])
        if image % 9 == 4:
            corners = random.integers(0, 300, (most, 2)) / 4
            said += [[*c, *(c + 12), round(0.4 * random.random(), 2), 1] for c in corners]
        truths.append(here)
        given.append([] if image % 11 == 5 else said)
    return _padded(truths, 5), _padded(given, 6)


def _padded(rows: list[list[Any]], wide: int) -> Array:
    found = np.zeros((len(rows), max(1, *(len(r) for r in rows)), wide))
    for i, row in enumerate(rows):
        if row:
            found[i, : len(row)] = row
    return found.reshape(len(rows), -1)


def coco(target: Array, predictions: Array) -> Array:
    """AP [T, K] of COCOeval at each overlap and class; NaN for classes without truths."""
    truth, said = COCO(), COCO()
    images = [{"id": i} for i in range(len(target))]
    categories = [{"id": k} for k in range(1, CLASSES + 1)]
    for place, (table, wide) in ((truth, (target, 5)), (said, (predictions, 6))):
        place.dataset = {"images": images, "categories": categories, "annotations": list(_notes(table, wide))}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        said.createIndex()
        judge = COCOeval(truth, said, "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, 2]
    return np.where(precision.min(1) < 0, np.nan, precision.mean(1))


def _notes(table: Array, wide: int) -> Iterator[dict[str, Any]]:
    number = 0
    for image, boxes in enumerate(table.reshape(len(table), -1, wide)):
        for box in boxes[boxes[:, -1] > 0]:
            number += 1
            corner, size = box[:2], box[2:4] - box[:2]
            note = {"id": number, "image_id": image, "category_id": int(box[-1]), "bbox": [*corner, *size]}
            yield note | {"area": float(size.prod()), "iscrowd": 0} | ({"score": box[4]} if wide == 6 else {})


@pytest.mark.parametrize("seed", range(4))
def test_equals_coco(seed: int) -> None:
    target, predictions = made(np.random.default_rng(seed), 120, 130)
    theirs, matched = coco(target, predictions), match(target, predictions)
    ones = np.ones(len(target))
    ours = np.stack([average_precision(matched[k], ones) for k in range(1, CLASSES + 1)], 1)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.isnan(ours[:, 4]).all()
    assert not ours[:, 3].any()
    assert (ours[0, :3] > 0.2).all()
    found = BoxPrecision("boxes", target, predictions).at(ones)
    assert found["map_50"] == pytest.approx(np.nanmean(theirs[0]), abs=1e-6)
    assert found["map_75"] == pytest.approx(np.nanmean(theirs[5]), abs=1e-6)
    assert found["map"] == pytest.approx(np.nanmean(theirs), abs=1e-6)


def test_a_bootstrap_draw_equals_coco_on_the_drawn_images() -> None:
    random = np.random.default_rng(9)
    target, predictions = made(random, 60, 20)
    found = predictions.reshape(60, -1, 6)
    found[..., 4] += np.arange(found[..., 4].size).reshape(found[..., 4].shape) * 1e-7  # ties: copies would interleave
    predictions = found.reshape(60, -1)
    rows = np.sort(random.integers(0, 60, 60))
    weight = np.bincount(rows, minlength=60).astype(float)
    theirs = coco(target[rows], predictions[rows])
    assert BoxPrecision("boxes", target, predictions).at(weight)["map"] == pytest.approx(np.nanmean(theirs), abs=1e-6)


def test_a_hundred_truths_whose_shares_round() -> None:
    """Recalls of k/100 stand exactly on COCO's 101 shares, where the last bit decides."""
    boxes = [(20.0 * i, 0.0, 20.0 * i + 10, 10.0) for i in range(100)]
    target = np.array([[(*b, 1) for b in boxes]]).reshape(1, -1)
    said = [(*b, 0.99 - 0.009 * i, 1) for i, b in enumerate(boxes[:50])]
    wrong = [(*b, 0.985 - 0.009 * i, 1) for i, b in enumerate([(0.0, 500.0, 10.0, 510.0)] * 50)]
    predictions = np.array([said + wrong]).reshape(1, -1)
    ours = average_precision(match(target, predictions)[1], np.ones(1))
    np.testing.assert_allclose(ours, coco(target, predictions)[:, 0], atol=1e-6)
