"""COCO's annotation file as a table: one row an image, its boxes as a JSON list (Lin et al. 2014, arXiv 1405.0312)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from consilience.core.errors import InputError
from consilience.data.file_kind import content_of
from consilience.data.table_files import Read, read_json

PLACES = ("", "images", "../images", "{stem}", "../{stem}", "../images/{stem}", "../JPEGImages", "..")
"""Where images are looked for, from the folder of the file; {stem}: its name, without "instances_"."""


def read_json_or_coco(path: Path) -> Read:
    """A JSON array of objects, or COCO's annotations."""
    content = bytes(content_of(path))
    if content.lstrip()[:1] == b"{" and all(f'"{key}"'.encode() in content for key in ("images", "annotations")):
        try:
            whole = json.loads(content)
        except ValueError:
            return read_json(path)  # lines of JSON, or damaged: it says which
        if isinstance(whole, dict) and isinstance(whole.get("images"), list):
            return read_coco(whole, path)
    return read_json(path)


def read_coco(whole: dict[str, Any], path: Path, base: Path | None = None) -> Read:
    """Columns image (path) and boxes (JSON).

    Args:
        base: folder that paths are written relative to; that of the file when None.
    Raises:
        InputError: when an entry lacks what it must have.
    """
    names = {c["id"]: str(c.get("name", c["id"])) for c in whole.get("categories") or () if "id" in c}
    boxes: dict[Any, list[dict[str, Any]]] = {}
    crowds = 0
    for number, one in enumerate(whole["annotations"] or ()):
        if not isinstance(one, dict) or "image_id" not in one:
            raise InputError(f"annotation {number} names no image_id", where=str(path))
        box = one.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise InputError(f"annotation {number} has no bbox [x, y, width, height]", where=str(path))
        if one.get("iscrowd"):
            crowds += 1
            continue
        label = names.get(one.get("category_id"), str(one.get("category_id", "object")))
        x, y, wide, high = (float(v) for v in box)
        boxes.setdefault(one["image_id"], []).append({"label": label, "box": [x, y, x + wide, y + high]})
    images = whole["images"]
    files = [str(one.get("file_name", "")) for one in images if isinstance(one, dict)]
    if not files or not all(files):
        raise InputError("an image has no file_name" if files else "it lists no images", where=str(path))
    place = _place(path, files)
    found = [Path(os.path.relpath(place / name, base or path.parent)) for name in files]
    cells = [json.dumps(boxes.get(one.get("id"), []), ensure_ascii=False) for one in images]
    frame = pl.DataFrame({"image": [f.as_posix() for f in found], "boxes": cells})
    notes = [f"COCO annotations: {sum(map(len, boxes.values())):,} boxes of {len(names):,} classes"]
    return frame, (*notes, *((f"{crowds:,} crowds left out",) if crowds else ()))


def _place(path: Path, files: Sequence[str]) -> Path:
    """The folder that the images are in."""
    stem = path.stem.removeprefix("instances_")
    for place in PLACES:
        folder = path.parent / place.format(stem=stem)
        if (folder / files[0]).is_file():
            return folder
    return path.parent
