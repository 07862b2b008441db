"""The task: told from its column, targets in, boxes out."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from consilience.core.errors import InputError
from consilience.tasks.detect import detect_task
from consilience.tasks.detection import Detection

BOXES = ['[{"label": "b", "box": [1, 2, 3, 4]}]', "[]", None, '[{"label": "a", "box": [0, 0, 9, 9]}]']
CELLS = pl.Series("boxes", BOXES)
IMAGE = {"group": "image", "height": 16, "width": 32, "fill": [0], "levels": [[2, 4, 8]]}
FACTS = {"labels": ["a", "b"], "image": IMAGE}


def test_the_column_tells_the_task() -> None:
    found = detect_task(CELLS)
    assert (found.task, found.kind) == ("detection", "boxes")
    assert "2 boxes of 2 classes in 3 images, 1 images without any" in found.reason
    with pytest.raises(InputError, match="no lists of boxes"):
        detect_task(pl.Series("y", ["a", "b"] * 5), "detection")


def test_encode() -> None:
    task = Detection(Detection.Config(), FACTS)
    assert Detection.learn(CELLS) == {"labels": ["a", "b"]}
    encoded = task.encode(CELLS)
    assert encoded.target.tolist() == [[1, 2, 3, 4, 2], [0] * 5, [0] * 5, [0, 0, 9, 9, 1]]
    assert encoded.weight.tolist() == [1, 1, 0, 1]
    assert task.unknown(pl.Series(['[{"label": "z", "box": [0, 0, 1, 1]}]'])) == ["z"]
    with pytest.raises(InputError, match="no box"):
        Detection.learn(pl.Series("boxes", ["[]", "[]"]))


def test_raw_outputs_become_boxes_in_own_pixels() -> None:
    task = Detection(Detection.Config(most=3), FACTS)
    assert task.outputs == 8 * 6
    scores, boxes = np.zeros((8, 2), np.float32), np.zeros((8, 4), np.float32)
    scores[3, 1], boxes[3] = 0.9, [0.25, 0.25, 0.5, 0.75]
    raw = np.concatenate([scores.ravel(), boxes.ravel()])[None]
    sized = task.sized(raw, {"image": {"size": np.array([[[32, 64]]])}})
    found = task.predictions(sized)
    assert found.shape == (1, 18)
    np.testing.assert_allclose(found[0, :6], [16, 8, 32, 24, 0.9, 2], atol=1e-5)
    assert not found[0, 6:].any()
    decoded = task.decode(found)
    assert json.loads(decoded["prediction"][0]) == [{"label": "b", "box": [16.0, 8.0, 32.0, 24.0], "score": 0.9}]
    assert (decoded["count:a"][0], decoded["count:b"][0]) == (0, 1)
    task.facts["thresholds"] = {"b": 0.95}
    assert json.loads(task.decode(found)["prediction"][0]) == []
