"""The name of a cache entry: a hash of everything its content depends on."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np
import polars as pl

from consilience.core.registry import get
from consilience.data.chunks import Groups
from consilience.modalities.cells import as_text

CODE_VERSION = 1
"""Raise it whenever a modality's arrays or the layout on disk change: older entries are then built anew."""
STEP = 16_384
"""Rows hashed at a time."""


def cache_key(frame: pl.DataFrame, groups: Groups) -> str:
    """32 hexadecimal digits of the columns' cells, the facts and the code's version.

    A media path counts with its file's size and time of change: a file that is replaced is decoded again.
    """
    digest = hashlib.blake2b(digest_size=16)
    media = {c for f in groups.values() if get("modality", f["modality"]).media for c in f["columns"]}
    facts = {name: groups[name] for name in sorted(groups)}
    _add(digest, json.dumps([CODE_VERSION, frame.height, facts], sort_keys=True, ensure_ascii=False).encode())
    for column in frame:
        _add(digest, f"{column.name} {column.dtype}".encode())
        for start in range(0, len(column), STEP):
            part = column.slice(start, STEP)
            _add_cells(digest, part)
            if column.name in media and part.dtype == pl.String:
                _add(digest, _stats(part))
    return digest.hexdigest()


def _add_cells(digest: Any, cells: pl.Series) -> None:
    """Cells by value, whatever their layout in memory."""
    _add(digest, cells.is_null().to_numpy().tobytes())
    dtype = cells.dtype
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        numbers = cells.to_physical().fill_null(False if dtype == pl.Boolean else 0)
        _add(digest, np.ascontiguousarray(numbers.to_numpy()).tobytes())
        return
    if isinstance(dtype, (pl.List, pl.Array)):
        _add_lists(digest, cells)
        return
    present = (cells if dtype == pl.Binary else as_text(cells).cast(pl.Binary)).drop_nulls()
    _add(digest, present.bin.size().cast(pl.Int64).to_numpy().tobytes())
    digest.update(b"".join(present.to_list()))


def _add_lists(digest: Any, cells: pl.Series) -> None:
    """Lists by their sizes and items: as text, a million windows of a series would take minutes."""
    if isinstance(cells.dtype, pl.Array):
        cells = cells.arr.to_list()
    sizes = cells.list.len().fill_null(0)
    _add(digest, sizes.cast(pl.Int64).to_numpy().tobytes())
    _add_cells(digest, cells.filter(sizes > 0).explode(empty_as_null=True, keep_nulls=True))


def _stats(paths: pl.Series) -> bytes:
    return "\n".join(_stat(path) for path in paths).encode()


def _stat(path: str | None) -> str:
    try:
        found = os.stat(path or "")
    except (OSError, ValueError):
        return "-"
    return f"{found.st_size} {found.st_mtime_ns}"


def _add(digest: Any, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "little"))
    digest.update(data)
