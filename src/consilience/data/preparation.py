"""Preparing a whole table into a new cache entry: chunks, processes, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.core.events import Event, Listener
from consilience.core.recipe import Prepare
from consilience.core.registry import get
from consilience.data.cache import build_entry
from consilience.data.cache_writer import Job, reserve
from consilience.data.chunks import Groups, record_type
from consilience.data.workers import Chunk, run_chunks
from consilience.modalities.base import Problem, merge_problems

CHUNK_BYTES = 4 << 20
"""Bytes a chunk reads or writes at most, roughly."""
MEDIA_ROWS, PLAIN_ROWS = 1024, 65_536
"""Rows a chunk holds at most, with and without media."""
SMALL_CELLS, SMALL_BYTES = 8_000, 32 << 20
"""Media below both are decoded in this process: starting others takes longer."""
MOST_PROCESSES = 32


@dataclass(frozen=True)
class Work:
    """A table to prepare. frame: the needed columns; absent: Problems of columns that it lacked."""

    frame: pl.DataFrame
    groups: Groups
    absent: list[Problem]
    settings: Prepare
    listener: Listener

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        return {name: record_type(self.frame, facts) for name, facts in self.groups.items()}


def build(root: Path, key: str, work: Work) -> tuple[Path, dict[str, Any]]:
    """Prepare every row into a new entry; returns its folder and manifest.

    Raises:
        InputError: when the disk is full or the folder cannot be written.
    """
    dtypes = work.dtypes
    rows = work.frame.height
    processes = process_count(work)

    def fill(folder: Path) -> dict[str, Any]:
        paths = {name: folder / row_file(work.groups, name) for name in dtypes}
        for name, path in paths.items():
            reserve(path, rows * dtypes[name].itemsize)
        job = Job(work.groups, paths, dtypes)
        chunks = (Chunk(start, part) for start, part in slices(work.frame, work.groups, dtypes, processes))
        done, parts = 0, [(0, work.absent)]
        with closing(run_chunks(job, chunks, processes)) as results:
            for result in results:
                done += result.rows
                parts.append((result.start, result.problems))
                work.listener(progress(done, rows))
        problems = merge_problems(sorted(parts, key=lambda part: part[0]))
        return {"rows": rows, "processes": processes, "problems": [asdict(p) for p in problems]}

    return build_entry(root, key, sum(rows * dtype.itemsize for dtype in dtypes.values()), fill)


def row_file(groups: Groups, name: str) -> str:
    """File of a group: group names may hold any character, so files are numbered."""
    return f"{sorted(groups).index(name)}.rows"


def progress(done: int, total: int, reused: bool = False) -> Event:
    return {"event": "progress", "name": "prepare", "done": done, "total": total, "reused": reused}


def slices(
    frame: pl.DataFrame, groups: Groups, dtypes: dict[str, np.dtype[Any]], processes: int
) -> Iterator[tuple[int, pl.DataFrame]]:
    """(first row, rows) pieces small in memory, and enough of them to keep every process busy to the end."""
    rows = frame.height
    a_row = max(sum(d.itemsize for d in dtypes.values()), int(frame.estimated_size()) // max(rows, 1), 1)
    step = min(CHUNK_BYTES // a_row, MEDIA_ROWS if media_columns(groups) else PLAIN_ROWS)
    if processes > 1:
        step = min(step, -(-rows // (8 * processes)))
    for start in range(0, rows, max(1, step)):
        yield start, frame.slice(start, max(1, step))


def media_columns(groups: Groups) -> list[str]:
    return [c for f in groups.values() if get("modality", f["modality"]).media for c in f["columns"]]


def process_count(work: Work) -> int:
    """Processes that prepare, this one included. Only media pay for others: the rest uses all cores
    already."""
    if work.settings.workers is not None or not sys.executable:
        return max(1, work.settings.workers or 1)
    columns = media_columns(work.groups)
    cells = sum(work.frame.height - work.frame[c].null_count() for c in columns)
    size = sum(_bytes(work.frame[c]) for c in columns)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if cells < SMALL_CELLS and size < SMALL_BYTES else min(available, MOST_PROCESSES)


def _bytes(column: pl.Series) -> float:
    """Bytes of a media column's cells, from the size of up to 50 files where they are paths."""
    if column.dtype != pl.String:
        return float(column.estimated_size())
    paths = column.drop_nulls()
    sample = paths.gather_every(max(1, -(-len(paths) // 50)))
    sizes = [os.path.getsize(path) for path in sample if "\0" not in path and os.path.isfile(path)]
    return float(np.mean(sizes)) * len(paths) if sizes else 0.0
