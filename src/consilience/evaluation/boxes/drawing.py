"""Pictures with boxes: what is there, what was rightly found, what was said wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.evaluation.evidence import Rows
from consilience.evaluation.weaknesses.previews import picture_address
from consilience.modalities.image_placing import to_prepared

Array = np.ndarray[Any, Any]

COLOURS = {"missed": (230, 159, 0), "right": (0, 158, 115), "wrong": (213, 94, 0)}
"""RGB: orange, not found; green, rightly found; red, said where there is none (Okabe and Ito 2008)."""
LEAST_SIDE = 360
"""Pictures are enlarged to so many pixels at least, so that lines do not cover what they show."""


class Drawn(NamedTuple):
    """A box in the image's own pixels [4], how it is drawn (a key of COLOURS), and its label."""

    box: Sequence[float]
    kind: str
    label: str


def draw(rows: Rows, position: int, bundle: Bundle, boxes: Sequence[Drawn]) -> str | None:
    """The picture of a row with boxes, as a data address; None where the row has none."""
    import cv2

    image = bundle.task.image
    arrays = rows.features.gather(rows.index[position : position + 1])[image["group"]]
    if not arrays["mask"][0, 0]:
        return None
    pixels = arrays["pixels"][0, 0]
    pixels = np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels
    scale = max(1.0, LEAST_SIDE / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    canvas = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR))
    if boxes:
        own = np.array([[one.box for one in boxes]], np.float64)
        placed = to_prepared(own, arrays["size"][:, 0], image["height"], image["width"])[0] * scale
        for one, corners in zip(boxes, placed.round().astype(int).tolist(), strict=True):
            colour = COLOURS[one.kind]
            x0, y0, x1, y1 = corners
            cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, 2)
            name = one.label.encode("ascii", "replace").decode()  # OpenCV draws no other letters
            cv2.putText(canvas, name, (x0 + 2, max(y0 - 3, 10)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
    return picture_address(canvas)
