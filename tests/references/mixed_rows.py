"""Rows of every modality whose target shows in each of them: what the references' tests learn from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.references.base import Rows

Array = np.ndarray[Any, Any]

VOCABULARY = [["rome", "lima", "oslo", "giza"], ["s", "m", "l"]]


class Data(NamedTuple):
    rows: Rows
    groups: dict[str, dict[str, Any]]
    targets: dict[str, Array]


def make(rows: int, seed: int = 0, only: tuple[str, ...] = ()) -> Data:
    """targets: kind → [N, K]. Every tenth cell is missing."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 3, rows)
    there = random.random((rows, 8)) > 0.1
    arrays: dict[str, dict[str, Array]] = {
        "number": _number(random, label, there[:, :2]),
        "category": _category(random, label, there[:, 2:4]),
        "date": _date(random, label, there[:, 4:5]),
        "image": _image(random, label, there[:, 5:6]),
        "audio": _audio(random, label, there[:, 6:7]),
    }
    words = np.array(["awful broken 糟糕", "plain ordinary 普通", "lovely perfect 完美"])[label]
    note = [f"{w} {random.integers(50)} item" if t else None for w, t in zip(words, there[:, 7], strict=True)]
    groups = {
        "number": {"modality": "number", "columns": ["age", "dose"]},
        "category": {
            "modality": "category",
            "columns": ["city", "size"],
            "vocabulary": VOCABULARY,
            "values": 2,
        },
        "date": {"modality": "date", "columns": ["visit"]},
        "image": {"modality": "image", "columns": ["photo"], "height": 20, "width": 16, "channels": 3},
        "audio": {"modality": "audio", "columns": ["voice"], "sample_rate": 4000},
        "text": {"modality": "text", "columns": ["note"]},
    }
    if only:
        groups = {name: facts for name, facts in groups.items() if name in only}
        arrays = {name: a for name, a in arrays.items() if name in only}
    texts = {"note": pl.Series("note", note, dtype=pl.String)} if "text" in groups else {}
    targets = {
        "binary": np.eye(2, dtype=np.float32)[(label == 2).astype(int)],
        "multiclass": np.eye(3, dtype=np.float32)[label],
        "multilabel": np.stack([label > 0, label == 1], 1).astype(np.float32),
        "regression": (1000 + 50 * label + random.normal(0, 10, rows)).astype(np.float32)[:, None],
    }
    return Data(Rows(arrays, texts), groups, targets)


def _number(random: Any, label: Array, mask: Array) -> dict[str, Array]:
    value = np.stack([random.normal(label - 1.0, 1), random.normal(0, 1, len(label))], 1)
    return {"value": np.where(mask, value, 0).astype(np.float32), "mask": mask}


def _category(random: Any, label: Array, there: Array) -> dict[str, Array]:
    index = np.stack([label + 1, random.integers(0, 4, len(label))], 1)[:, :, None].repeat(2, 2)
    index[:, :, 1] = 0
    index[::3, 0, 1] = 4
    mask = (index > 0) & there[:, :, None]
    return {"index": np.where(mask, index, 0).astype(np.int32), "mask": mask}


def _date(random: Any, label: Array, mask: Array) -> dict[str, Array]:
    value = random.random((len(label), 1, 7))
    value[:, 0, 4] = label / 3
    return {"value": np.where(mask[:, :, None], value, 0).astype(np.float32), "mask": mask}


def _image(random: Any, label: Array, mask: Array) -> dict[str, Array]:
    pixels = random.integers(0, 120, (len(label), 1, 20, 16, 3))
    pixels[:, 0, :10] += 60 * label[:, None, None, None]
    return {"pixels": np.where(mask[:, :, None, None, None], pixels, 0).astype(np.uint8), "mask": mask}


def _audio(random: Any, label: Array, mask: Array) -> dict[str, Array]:
    time = np.arange(1200) / 4000
    wave = 8000 * np.sin(2 * np.pi * (300 + 400 * label[:, None]) * time) + random.normal(0, 900, (len(label), 1200))
    length = np.where(mask, 1000 + 50 * label[:, None], 0).astype(np.int32)
    wave = np.where(time[None] * 4000 < length, wave, 0)
    return {"wave": wave[:, None].astype(np.int16), "length": length, "mask": mask}


def blank(rows: Rows) -> Rows:
    """The same rows with every cell missing."""
    arrays = {g: {n: np.zeros_like(a) for n, a in named.items()} for g, named in rows.arrays.items()}
    return Rows(arrays, {n: pl.Series(n, [None] * len(s), dtype=pl.String) for n, s in rows.texts.items()})


def take(rows: Rows, index: Array) -> Rows:
    arrays = {g: {n: a[index] for n, a in named.items()} for g, named in rows.arrays.items()}
    return Rows(arrays, {n: s.gather(index) for n, s in rows.texts.items()})
