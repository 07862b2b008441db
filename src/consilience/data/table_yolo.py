"""A folder of YOLO labels as a table: a text file an image, a line a box: class, centre and size as shares."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from consilience.core.errors import InputError
from consilience.data.box_folders import pictures, split_of, with_splits
from consilience.data.table_files import Read
from consilience.modalities.image_decode import open_header
from consilience.modalities.media import UnreadableError

DESCRIPTIONS = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
MOST_PIXELS = 1 << 40


def is_yolo(folder: Path) -> bool:
    """Whether the folder describes itself as YOLO's, or holds images and labels side by side."""
    if any((folder / name).is_file() for name in (*DESCRIPTIONS, "classes.txt")):
        return any(path.name == "labels" for path in _folders(folder))
    return (folder / "labels").is_dir() and (folder / "images").is_dir()


def read_yolo(folder: Path) -> Read:
    """Columns image (relative to `folder`), boxes (JSON, in pixels) and, where folders say so, split.

    An image without a label file has no boxes; a line of a polygon becomes its bounding box.

    Raises:
        InputError: when there is no image beside the labels, or a line is no box.
    """
    names = _names(folder)
    files = [path for path in pictures(folder) if "labels" not in path.relative_to(folder).parts]
    if not files:
        raise InputError("labels, but no images beside them", where=str(folder))
    cells = [json.dumps(_boxes(path, _label_file(path), names), ensure_ascii=False) for path in files]
    images = [os.path.relpath(path, folder).replace(os.sep, "/") for path in files]
    splits = [split_of(path.relative_to(folder)) for path in files]
    return with_splits(pl.DataFrame({"image": images, "boxes": cells}), splits), (
        f"YOLO labels: {len(files):,} images, {len(names):,} classes named",
    )


def _names(folder: Path) -> dict[int, str]:
    for name in DESCRIPTIONS:
        path = folder / name
        if path.is_file():
            try:
                known = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("names") or {}
            except (yaml.YAMLError, AttributeError):
                raise InputError("not readable as YAML with `names`", where=str(path)) from None
            pairs = known.items() if isinstance(known, dict) else enumerate(known)
            return {int(number): str(label) for number, label in pairs}
    path = folder / "classes.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(enumerate(line.strip() for line in lines if line.strip()))


def _label_file(image: Path) -> Path:
    """…/images/a.jpg → …/labels/a.txt; beside the image where there is no such folder."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            return Path(*parts).with_suffix(".txt")
    return image.with_suffix(".txt")


def _boxes(image: Path, labels: Path, names: dict[int, str]) -> list[dict[str, Any]]:
    if not labels.is_file():
        return []
    lines = [line.split() for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines:
        return []
    try:
        header = open_header(str(image), MOST_PIXELS)
    except UnreadableError as error:
        raise InputError(f"its size must be known to read its labels: {error}", where=str(image)) from None
    return [_box(line, (header.width, header.height), names, f"{labels}, line {i}") for i, line in enumerate(lines, 1)]


def _box(line: Sequence[str], size: tuple[int, int], names: dict[int, str], where: str) -> dict[str, Any]:
    try:
        number, values = int(float(line[0])), [float(v) for v in line[1:]]
    except ValueError:
        raise InputError(f"not numbers: {' '.join(line)[:60]!r}", where=where) from None
    if len(values) >= 6 and len(values) % 2 == 0:  # a polygon: x and y in turn
        x0, x1, y0, y1 = min(values[::2]), max(values[::2]), min(values[1::2]), max(values[1::2])
    elif len(values) in (4, 5):  # a fifth is a score
        x, y, wide, high = values[:4]
        x0, x1, y0, y1 = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
    else:
        raise InputError(f"a line is `class x y width height`, received {len(values) + 1} numbers", where=where)
    box = [x0 * size[0], y0 * size[1], x1 * size[0], y1 * size[1]]
    return {"label": names.get(number, str(number)), "box": [round(v, 3) for v in box]}


def _folders(folder: Path) -> list[Path]:
    found = []
    for root, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root, name) for name in folders]
        if len(found) > 1_000:
            break
    return found
