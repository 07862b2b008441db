"""Boxes as people write them in a cell: JSON lists, lists of structs, COCO's annotations; read into one form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

LABELS = ("label", "category", "class", "name", "class_name", "category_name", "category_id", "class_id")
CORNERS = (
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("left", "top", "right", "bottom"),
)
SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))
NAMELESS = "object"
"""Label of boxes that come without one."""
SAMPLE = 200
"""Cells looked at to tell whether a column holds boxes."""
SHARE = 0.95
"""Share of them that must read as lists of boxes."""


class Box(NamedTuple):
    """Corners in pixels of the image, x to the right and y down from its top left corner; x0 < x1, y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str


class Cell(NamedTuple):
    """Boxes of one image, and how many of its entries were reversed (mended) or dropped: without area, crowds, not
    readable."""

    boxes: list[Box]
    reversed: int = 0
    dropped: int = 0


def read_cells(values: pl.Series) -> list[Cell | None]:
    """Every cell's boxes; None where the cell is missing or is no list of boxes."""
    return [read_cell(value) for value in values.to_list()]


def read_cell(value: Any) -> Cell | None:
    """The boxes of one cell: JSON text or a list of {label, box: [x0, y0, x1, y1]}, {label, x, y, w, h}, {category,
    bbox: [x, y, w, h]} (COCO), {name, xmin, ymin, xmax, ymax}, or {boxes: [[…]], labels: […]}.

    Example:
        >>> read_cell('[{"label": "cat", "x": 2, "y": 3, "w": 10, "h": 5}]').boxes[0]
        Box(x0=2.0, y0=3.0, x1=12.0, y1=8.0, label='cat')
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, Mapping):
        value = _paired(value)
    if not isinstance(value, list):
        return None
    boxes, turned, dropped = [], 0, 0
    for entry in value:
        if not isinstance(entry, Mapping) or (corners := _corners(entry)) is None:
            return None
        x0, y0, x1, y1 = corners
        if not all(map(math.isfinite, corners)) or entry.get("iscrowd") in (1, True) or x0 == x1 or y0 == y1:
            dropped += 1
            continue
        turned += x0 > x1 or y0 > y1
        boxes.append(Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1), _label(entry)))
    return Cell(boxes, turned, dropped)


def holds_boxes(values: pl.Series) -> bool:
    """Whether a column's cells are lists of boxes: nearly all that are there, and one box at least."""
    if not (values.dtype == pl.String or isinstance(values.dtype, (pl.List, pl.Array, pl.Struct, pl.Object))):
        return False
    known = values.drop_nulls()
    if values.dtype == pl.String:
        known = known.filter(known.str.strip_chars() != "")
        head = known.head(SAMPLE).str.strip_chars_start().str.head(1)
        if not len(head) or float(head.is_in(["[", "{"]).mean() or 0) < SHARE:  # type: ignore[arg-type]
            return False
    step = max(1, len(known) // SAMPLE)
    cells = read_cells(known.gather_every(step).head(SAMPLE))
    read = [cell for cell in cells if cell is not None]
    if not cells or len(read) < SHARE * len(cells):
        return False
    return any(cell.boxes for cell in read) or any(c is not None and bool(c.boxes) for c in read_cells(known))


def to_json(boxes: list[dict[str, Any]]) -> str:
    """Boxes as the text of a cell."""
    return json.dumps(boxes, ensure_ascii=False)


def _paired(value: Mapping[str, Any]) -> list[Any] | None:
    """{boxes, labels}, as torchvision has them, box by box."""
    boxes = value.get("boxes")
    if not isinstance(boxes, list):
        return None
    labels = value.get("labels") or [None] * len(boxes)
    if not isinstance(labels, list) or len(labels) != len(boxes):
        return None
    return [
        box if isinstance(box, Mapping) else {"box": box, "label": label}
        for box, label in zip(boxes, labels, strict=True)
    ]


def _corners(entry: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    for name, is_size in (("box", False), ("bbox", True), ("bndbox", False), ("xyxy", False), ("xywh", True)):
        given = entry.get(name)
        if isinstance(given, Mapping):
            return _corners(given)
        if given is not None:
            return _four(given if isinstance(given, list) else [], is_size)
    for names in CORNERS:
        if all(entry.get(n) is not None for n in names):
            return _four([entry[n] for n in names], False)
    for names in SIZES:
        if all(entry.get(n) is not None for n in names):
            return _four([entry[n] for n in names], True)
    return None


def _four(values: list[Any], is_size: bool) -> tuple[float, float, float, float] | None:
    if len(values) != 4:
        return None
    try:
        a, b, c, d = (math.nan if v is None else float(v) for v in values)
    except (TypeError, ValueError):
        return None
    return (a, b, a + c, b + d) if is_size else (a, b, c, d)


def _label(entry: Mapping[str, Any]) -> str:
    for name in LABELS:
        value = entry.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    return NAMELESS
