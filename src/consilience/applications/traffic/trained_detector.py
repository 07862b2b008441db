"""A detector that Consilience trained: the boxes of a run or bundle, class by class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
import polars as pl

from consilience.applications.traffic.detections import Array, Detections, Frame
from consilience.applications.traffic.tracker import SURE
from consilience.core.errors import InputError
from consilience.data.table import read_table
from consilience.modalities.image_decode import opencv

if TYPE_CHECKING:
    from consilience.model import Model

LEAST_SCORE = 0.2
"""Unsure detections too, on the tracker's scale: it goes on with them, but begins none."""


@final
class TrainedDetector:
    """See `detections.Detector`. Its classes are the types of what is counted.

    A class is said from the score on that validation images chose; scores are stretched so that it becomes the
    tracker's `SURE`, whatever it is.

    Args:
        path: run folder or bundle folder of a model whose target are boxes.
    Raises:
        InputError: when there is no model, or it finds no boxes.
    """

    def __init__(self, path: Path) -> None:
        from consilience.model import load

        model: Model = load(path)
        task = model.bundle.task
        if model.bundle.views or task.kind != "boxes":
            kind = "several targets" if model.bundle.views else task.kind
            fix = "Train one on images with boxes, see docs/detection.md"
            raise InputError(f"the model finds no boxes, its task is {kind}", where=str(path), fix=fix)
        self._bundle, self._labels = model.bundle, [str(label) for label in task.labels]
        self._column = str(model.bundle.recipe.groups[task.image["group"]].columns[0])
        self._least = np.array([float(task.threshold(label)) for label in task.labels])

    def __call__(self, frame: Frame) -> Detections:
        there, coded = opencv().imencode(".bmp", frame)
        if not there:
            raise InputError(f"a frame of shape {frame.shape} is no picture", where="detector")
        absent = {column: [None] for column in self._bundle.columns}
        table = read_table(pl.DataFrame({**absent, self._column: [coded.tobytes()]}))
        said, _ = self._bundle.predict(table)
        found = said.reshape(-1, 6)
        found = found[found[:, 5] > 0]
        classes = found[:, 5].astype(int) - 1
        scores = stretched(found[:, 4], self._least[classes])
        every = Detections(found[:, :4], scores.astype(np.float32), [self._labels[i] for i in classes])
        return every.at(np.flatnonzero(scores >= LEAST_SCORE))


def stretched(scores: Array, least: Array) -> Array:
    """Scores [n] in 0..1 with `least` [n] moved to SURE, straight on both sides of it."""
    least = np.clip(least, 1e-6, 1 - 1e-6)
    below = SURE * scores / least
    above = SURE + (1 - SURE) * (scores - least) / (1 - least)
    return np.asarray(np.where(scores < least, below, above))
