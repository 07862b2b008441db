"""A folder of annotated images is a table: Pascal VOC, YOLO or COCO, told by what lies in it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from consilience.core.errors import InputError
from consilience.data.box_folders import PARTS, files_of, split_of, with_splits
from consilience.data.table_coco import read_coco
from consilience.data.table_files import Read
from consilience.data.table_voc import is_annotation, read_voc
from consilience.data.table_yolo import is_yolo, read_yolo


def read_box_folder(folder: Path) -> Read | None:
    """Columns image, boxes and, where parts are told apart, split; None when the folder holds no annotations.

    Raises:
        InputError: when an annotation is damaged.
    """
    if is_yolo(folder):
        return read_yolo(folder)
    annotations = files_of(folder, (".xml",))
    if annotations and is_annotation(annotations[0]):
        return read_voc(folder, [path for path in annotations if is_annotation(path)])
    return _read_coco_files(folder)


def _read_coco_files(folder: Path) -> Read | None:
    """All COCO files of a folder: <part>/_annotations.coco.json, annotations/instances_<part>.json …"""
    paths = [p for p in files_of(folder, (".json",)) if "coco" in p.name.lower() or p.name.startswith("instances_")]
    frames, splits, notes = [], [], []
    for path in paths:
        try:
            whole = json.loads(path.read_bytes())
        except ValueError as error:
            raise InputError(f"not readable as JSON ({error})", where=str(path)) from None
        if isinstance(whole, dict) and isinstance(whole.get("images"), list) and "annotations" in whole:
            frame, said = read_coco(whole, path, folder)
            part = split_of(path.relative_to(folder)) or PARTS.get(path.stem.removeprefix("instances_").lower())
            frames.append(frame)
            splits += [part] * frame.height
            notes += list(said)
    if not frames:
        return None
    return with_splits(pl.concat(frames), splits), tuple(notes)
