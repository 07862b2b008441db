"""Suppression, placing, assignment, augmentation and the loss of boxes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from consilience.core.tokens import Fused, Tokens
from consilience.modalities.image_placing import to_own, to_prepared
from consilience.tasks.boxes.assigning import assign, make_places
from consilience.tasks.boxes.augmenting import Change, change
from consilience.tasks.boxes.head import BoxHead, Sight
from consilience.tasks.boxes.readying import make_ready
from consilience.tasks.boxes.suppression import Limits, overlaps, suppress

LEVELS = [(8, 8, 8), (4, 4, 16), (2, 2, 32)]


def test_overlap_by_hand() -> None:
    found = overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]]))
    np.testing.assert_allclose(found, [[1 / 3, 0.0]])


def test_suppression_keeps_other_classes_and_the_best() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [40, 40, 50, 50]])
    scores = np.array([[0.9, 0.0], [0.8, 0.7], [0.1, 0.0]])
    kept = suppress(scores, boxes, Limits(0.05, 0.5, 10))
    assert kept[:, 4].tolist() == [0.9, 0.7, 0.1]
    assert kept[:, 5].tolist() == [0, 1, 0]
    assert len(suppress(scores, boxes, Limits(0.05, 0.5, 1))) == 1
    assert len(suppress(scores * 0, boxes, Limits(0.05, 0.5, 1))) == 0


def test_placing_there_and_back() -> None:
    sizes = np.array([[480, 640], [640, 480], [0, 0]])
    boxes = np.array([[[10.0, 20, 100, 200]]] * 3)
    placed = to_prepared(boxes, sizes, 48, 64)
    np.testing.assert_allclose(placed[0, 0], [1, 2, 10, 20])
    np.testing.assert_allclose(to_own(placed, sizes, 48, 64)[:2], boxes[:2], atol=1e-9)
    beyond = to_own(np.array([[[-5.0, -5, 900, 900]]]), sizes[:1], 48, 64)
    assert beyond.tolist() == [[[0.0, 0, 640, 480]]]


def test_every_box_is_learned_at_its_scale() -> None:
    places = make_places(LEVELS)
    boxes = torch.tensor([[1.0, 1, 4, 4], [0, 0, 60, 60], [20, 20, 44, 50]])
    number = assign(boxes, places)
    assert {0, 1, 2} <= set(number.tolist())
    assert set(places.stride[number == 0].tolist()) == {8.0}
    assert set(places.stride[number == 1].tolist()) == {16.0}
    assert (assign(torch.zeros(0, 4), places) == -1).all()


def test_boxes_follow_the_picture() -> None:
    """A bright rectangle stays where its box says, whatever was done to the picture."""
    torch.manual_seed(3)
    pixels = torch.zeros(16, 64, 64, 1)
    pixels[:, 20:36, 24:44] = 255
    boxes = torch.tensor([[[24.0, 20, 44, 36, 1]]]).repeat(16, 1, 1)
    changed, moved = change(pixels, boxes, torch.zeros(1), Change(1.5, 0.1, "both", 0.0))
    assert not torch.equal(changed, pixels)
    for picture, box in zip(changed[..., 0], moved[:, 0], strict=True):
        rows, columns = (picture > 127).nonzero(as_tuple=True)
        if box[4] == 0:
            continue
        seen = torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert (seen - box[:4]).abs().max() <= 1.5


def test_mosaic_cuts_boxes_to_their_parts() -> None:
    torch.manual_seed(0)
    pixels = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 32, 32, 1) * 50
    boxes = torch.tensor([[[0.0, 0, 32, 32, 1]]]).repeat(4, 1, 1)
    changed, moved = change(pixels, boxes, torch.zeros(1), Change(1.0, 0.0, "none", 1.0, seen=0.0))
    assert moved.shape == (4, 4, 5)
    for picture, parts in zip(changed[..., 0], moved, strict=True):
        areas = ((parts[:, 2] - parts[:, 0]) * (parts[:, 3] - parts[:, 1]))[parts[:, 4] > 0]
        assert areas.sum() == 32 * 32
        for x0, y0, x1, y1, _ in parts[parts[:, 4] > 0].int().tolist():
            assert len(picture[y0:y1, x0:x1].unique()) == 1


class Batch(SimpleNamespace):
    def _replace(self, **more: Any) -> Batch:
        return Batch(**{**vars(self), **more})


def test_ready_lays_boxes_into_the_prepared_image() -> None:
    inputs = {"image": {"pixels": torch.zeros(1, 1, 32, 64, 3, dtype=torch.uint8), "size": torch.tensor([[[64, 64]]])}}
    target = torch.tensor([[0.0, 0, 64, 64, 1, -9, 60, 4, 80, 2, 70, 0, 90, 9, 1]])
    batch = Batch(inputs=inputs, target=target)
    image = {"group": "image", "height": 32, "width": 64, "fill": [0, 0, 0]}
    found = make_ready(batch, image, None).target.reshape(-1, 5)
    assert found[0].tolist() == [16, 0, 48, 32, 1]
    assert found[1].tolist() == [16, 30, 18, 32, 2]
    assert found[2].tolist() == [0, 0, 0, 0, 0]  # wholly outside


def head_and_inputs() -> tuple[BoxHead, Fused, Tokens]:
    torch.manual_seed(0)
    head = BoxHead(12, 6, 8, Sight(LEVELS, 64, 64, "image", 2))
    count = sum(h * w for h, w, _ in LEVELS)
    mask = torch.ones(3, count, dtype=torch.bool)
    mask[1] = False
    tokens = Tokens(torch.randn(3, count, 12), mask)
    return head, Fused(torch.randn(3, 6), tokens, torch.ones(3, 1)), tokens


def test_the_head_learns_and_says_nothing_without_an_image() -> None:
    head, fused, tokens = head_and_inputs()
    target = torch.zeros(3, 10)
    target[0] = torch.tensor([4.0, 4, 30, 40, 2, 10, 10, 12, 12, 1])
    found = head(fused, target, tokens)
    assert found.shape == (3, 2)
    assert found[1].tolist() == [0, 0]  # no image: nothing to learn
    assert found[0, 1] >= 2
    assert found[2, 1] == 0
    assert found[2, 0] > 0  # an image without boxes teaches that there are none
    found[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())
    said = head.eval()(fused, None, tokens)
    assert said.shape == (3, head.out_features)
    assert not said[1].any()
    assert said.min() >= 0
    assert said.max() <= 1
