"""A folder of Pascal VOC annotations as a table: one row an XML file (Everingham et al. 2010, IJCV 88)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from consilience.core.errors import InputError
from consilience.data.box_folders import PICTURES, split_of, with_splits
from consilience.data.table_files import Read

FIELDS = ("xmin", "ymin", "xmax", "ymax")
NEIGHBOURS = ("", "../JPEGImages", "../images", "../Images", "images", "..")
"""Where images are looked for, from the folder of the XML file."""


def is_annotation(path: Path) -> bool:
    """Whether the XML file is an annotation of VOC."""
    with path.open("rb") as file:
        return b"<annotation" in file.read(512)


def read_voc(folder: Path, files: Sequence[Path]) -> Read:
    """Columns image (relative to `folder`), boxes (JSON) and, where folders or ImageSets say so, split.

    Raises:
        InputError: when a file is damaged or an object lacks its box.
    """
    images, cells, splits = [], [], []
    sets = _sets(folder)
    for path in files:
        root = _parsed(path)
        boxes = [_box(one, path) for one in root.iter("object")]
        images.append(os.path.relpath(_image(root, path), folder).replace(os.sep, "/"))
        cells.append(json.dumps(boxes, ensure_ascii=False))
        splits.append(sets.get(path.stem) or split_of(path.relative_to(folder)))
    frame = with_splits(pl.DataFrame({"image": images, "boxes": cells}), splits)
    return frame, (f"Pascal VOC annotations: {len(files):,} XML files",)


def _parsed(path: Path) -> ElementTree.Element:
    content = path.read_bytes()
    if b"<!ENTITY" in content:  # expanding them can fill any memory
        raise InputError("the XML file declares entities, which annotations do not need", where=str(path))
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise InputError(f"not readable as XML ({error})", where=str(path)) from None


def _box(one: ElementTree.Element, path: Path) -> dict[str, Any]:
    label, bounds = one.findtext("name"), one.find("bndbox")
    texts = [None if bounds is None else bounds.findtext(field) for field in FIELDS]
    try:
        box = [float(text) for text in texts if text is not None]
    except ValueError:
        box = []
    if not label or len(box) != 4:
        raise InputError(f"an object needs a name and a bndbox with {', '.join(FIELDS)}", where=str(path))
    return {"label": label.strip(), "box": box}


def _image(root: ElementTree.Element, path: Path) -> Path:
    """The image: by the file's name in the annotation, else the picture of the same name as the XML file."""
    name = Path((root.findtext("filename") or "").replace("\\", "/")).name
    names = [n for n in (name, *(path.stem + suffix for suffix in PICTURES)) if n]
    for place in NEIGHBOURS:
        for candidate in names:
            if (path.parent / place / candidate).is_file():
                return path.parent / place / candidate
    return path.parent / (name or path.stem)


def _sets(folder: Path) -> dict[str, str]:
    """Name of an image → its part, from ImageSets/Main/train.txt, val.txt, test.txt."""
    found: dict[str, str] = {}
    for part in ("train", "val", "test"):
        path = folder / "ImageSets" / "Main" / f"{part}.txt"
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            found |= {line.split()[0]: part for line in lines if line.strip()}
    return found
