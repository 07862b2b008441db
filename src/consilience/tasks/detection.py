"""Detection: the target is a list of boxes with classes, found in the row's image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.data.box_cells import holds_boxes, read_cells, to_json
from consilience.modalities.base import Guess
from consilience.modalities.image_placing import to_own
from consilience.tasks.answers import Answers
from consilience.tasks.base import Array, Targets
from consilience.tasks.boxes.suppression import Limits, suppress
from consilience.tasks.labels import in_order

if TYPE_CHECKING:
    from torch import Tensor, nn

FIELDS = 6
"""Numbers of a predicted box: corners, score, class + 1."""


@final
class Detection:
    """Boxes of a row. Targets and predictions are lists padded with zeros, in each image's own pixels.

    Facts: labels (class names); image: the group that is looked at, its prepared height, width, fill and levels, see
    `place`; thresholds: label → lowest score that is said, found on validation rows.
    """

    name: ClassVar[str] = "detection"
    answers: ClassVar[Answers] = Answers(
        no_probabilities="model that finds boxes",
        no_bounds="boxes have scores, and no set or interval that holds the truth",
        no_shares="boxes are not explained: where the model looked is where it says they are",
        no_causes="the model finds boxes: where it looked is where it says they are, and there is no one class to "
        "explain",
        no_chapters="the target is a list of boxes: it has no classes, no unit and no one probability",
        chapter="of_boxes",
        mixed=False,
    )

    class Config(Block):
        width: int = Field(96, ge=4)
        """Channels of the head."""
        least: float = Field(0.02, gt=0, lt=1)
        """Lowest score of a box that is measured; the threshold above which boxes are said is found on validation
        rows."""
        threshold: float | None = Field(None, gt=0, lt=1)
        """Lowest score of a box that is said; for each class that of the best F1 on validation rows when None."""
        overlap: float = Field(0.6, gt=0, lt=1)
        """Overlap (IoU) of two boxes of a class from which the one of the lower score is dropped."""
        most: int = Field(100, ge=1, le=1000)
        """Most boxes an image."""
        zoom: float = Field(1.5, ge=1, le=4)
        """Largest factor by which training images grow or shrink."""
        move: float = Field(0.1, ge=0, le=1)
        """Largest shift of training images, share of the side."""
        mirror: Literal["none", "horizontal", "both"] = "horizontal"
        """How training images are mirrored."""
        mosaic: float = Field(0.5, ge=0, le=1)
        """Share of training images put together of parts of four."""

    kind = "boxes"
    primary = "map_50"
    picks = "map_50"
    judged_rows: ClassVar[int] = 500
    """Validation rows whose boxes are measured after an epoch."""
    at_once: ClassVar[int] = 16
    """Rows whose raw outputs are held at once: they are large."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.labels = [str(name) for name in facts["labels"]]
        self.image: dict[str, Any] | None = facts.get("image")
        self.limits = Limits(config.least, config.overlap, config.most)
        levels = self.image["levels"] if self.image else []
        self.positions = sum(int(h) * int(w) for h, w, _ in levels)
        self.outputs = self.positions * (len(self.labels) + 4)

    @staticmethod
    def score(values: pl.Series) -> Guess:
        fits = holds_boxes(values)
        return Guess(1.0 if fits else 0.0, "lists of boxes" if fits else "no lists of boxes")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """Facts: labels.

        Raises:
            InputError: when no training row has a box.
        """
        names = {box.label for cell in read_cells(values) if cell for box in cell.boxes}
        if not names:
            raise InputError("the training rows hold no box", where=f"target column {values.name!r}")
        return {"labels": in_order(sorted(names))}

    @staticmethod
    def place(groups: dict[str, Any], levels: dict[str, list[tuple[int, int, int]]]) -> dict[str, Any]:
        """Facts about the image that boxes are looked for in: the first group whose encoder makes a pyramid.

        Args:
            groups: group → facts. levels: group → its maps, for those encoders that make some.
        Raises:
            InputError: when there is no such group.
        """
        for name, maps in levels.items():
            known = groups[name]
            keys = ("height", "width", "fill")
            return {"image": {"group": name, "levels": [list(m) for m in maps], **{k: known[k] for k in keys}}}
        raise InputError(
            "boxes are looked for in images, and no group of images has an encoder that makes a pyramid of maps",
            where="task detection",
            fix="Give a column of images, with --set encoders.image.type=pyramid_image",
        )

    def encode(self, values: pl.Series) -> Targets:
        """Cells → float32 [N, M × 5]: corners and class + 1, 0 beyond the last box; weight 0 where the cell is missing
        or not readable. Boxes of classes that no training row has are left out."""
        place = {name: number for number, name in enumerate(self.labels, 1)}
        cells = read_cells(values)
        known = [[(*b[:4], place[b.label]) for b in c.boxes if b.label in place] if c else [] for c in cells]
        most = max([len(boxes) for boxes in known] + [1])
        target = np.zeros((len(cells), most, 5), np.float32)
        for row, boxes in enumerate(known):
            if boxes:
                target[row, : len(boxes)] = boxes
        weight = np.array([cell is not None for cell in cells], np.float32)
        return Targets(target.reshape(len(cells), most * 5), weight)

    def unknown(self, values: pl.Series) -> list[str]:
        """Classes that no training row has."""
        names = {box.label for cell in read_cells(values) if cell for box in cell.boxes}
        return sorted(names - set(self.labels))

    def ready(self, batch: Any, training: bool) -> Any:
        """The batch with boxes in pixels of the prepared image, and in training changed at random."""
        from consilience.tasks.boxes.readying import make_ready

        assert self.image is not None, "`place` was asked when the run was planned"
        return make_ready(batch, self.image, self.config if training else None)

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Loss a position that learns a box; outputs [B, 2] as the head gives them in training."""
        return (outputs[:, 0] * weight).sum() / (outputs[:, 1] * weight).sum().clamp_min(1.0)

    def validation(self, outputs: Array, weight: Array) -> dict[str, float]:
        """Loss a position that learns a box, where the target was known: outputs [N, 2]."""
        return {"loss": float((outputs[:, 0] @ weight) / max(float(outputs[:, 1] @ weight), 1.0))}

    def sized(self, outputs: Array, arrays: dict[str, Any]) -> Array:
        """Raw outputs [n, K] with each image's own height and width behind them, [n, K + 2].

        arrays: group → prepared arrays of the same rows.
        """
        assert self.image is not None, "`place` was asked when the run was planned"
        return np.hstack([outputs, arrays[self.image["group"]]["size"][:, 0].astype(np.float32)])

    def predictions(self, outputs: Array) -> Array:
        """Raw outputs with sizes [N, K + 2] → boxes float32 [N, most × 6]: corners in the image's own pixels, score,
        class + 1; the highest score first, 0 beyond the last."""
        most = self.config.most
        found = np.zeros((len(outputs), most, FIELDS), np.float32)
        if self.image is None or not len(outputs):
            return found.reshape(len(outputs), most * FIELDS)
        height, width = int(self.image["height"]), int(self.image["width"])
        cut = self.positions * len(self.labels)
        sides = np.array([width, height] * 2)
        for row, said in enumerate(outputs):
            scores = said[:cut].reshape(self.positions, -1)
            boxes = said[cut : self.outputs].reshape(-1, 4).astype(np.float64) * sides
            kept = suppress(scores, to_own(boxes[None], said[None, -2:], height, width)[0], self.limits)
            found[row, : len(kept)] = kept
            found[row, : len(kept), 5] += 1
        return found.reshape(len(outputs), most * FIELDS)

    def threshold(self, label: str) -> float:
        """Lowest score of a box of this class that is said."""
        return self.config.threshold or float((self.facts.get("thresholds") or {}).get(label, 0.3))

    def said(self, predictions: Array) -> Array:
        """The boxes of each row as JSON, [N]."""
        return np.array([to_json(boxes) for boxes in listed(self, predictions)], dtype=object)

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"prediction": JSON lists of boxes [N], "count:<label>": how many of each class [N]}."""
        found = listed(self, predictions)
        counts = {
            f"count:{label}": np.array([sum(b["label"] == label for b in boxes) for boxes in found], np.int64)
            for label in self.labels
        }
        return {"prediction": np.array([to_json(boxes) for boxes in found], dtype=object), **counts}

    def decoder(self, width: int, inside: dict[str, int]) -> nn.Module:
        """The module that finds boxes; width: of the fused vector; inside: group → width of its tokens."""
        from consilience.tasks.boxes.head import BoxHead, as_sight

        assert self.image is not None, "`place` was asked when the run was planned"
        sight = as_sight(self.image, len(self.labels))
        return BoxHead(inside[sight.group], width, self.config.width, sight)


def listed(task: Detection, predictions: Array) -> list[list[dict[str, Any]]]:
    """Boxes above the thresholds, a list a row: {"label", "box": [x0, y0, x1, y1], "score"}, in pixels."""
    every = []
    for row in np.asarray(predictions, np.float64).reshape(len(predictions), -1, FIELDS):
        boxes = []
        for x0, y0, x1, y1, score, number in row[row[:, 5] > 0].tolist():
            label = task.labels[int(number) - 1]
            if score >= task.threshold(label):
                corners = [round(v, 1) for v in (x0, y0, x1, y1)]
                boxes.append({"label": label, "box": corners, "score": round(score, 4)})
        every.append(boxes)
    return every
