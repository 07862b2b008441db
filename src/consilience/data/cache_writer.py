"""Writing the records of a chunk into the files of a cache entry, at the chunk's own place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from consilience.data.chunks import Groups, prepare_group, to_records
from consilience.modalities.base import Problem


@dataclass(frozen=True)
class Job:
    """What every chunk of a table is prepared with. paths: group → its file; dtypes: group → its record."""

    groups: Groups
    paths: Mapping[str, Path]
    dtypes: Mapping[str, np.dtype[Any]]

    def run(self, start: int, frame: pl.DataFrame) -> list[Problem]:
        """Prepare the rows of `frame`, which stand at `start` in the table, and write them.

        Raises:
            OSError: when the disk is full or cannot be written.
        """
        problems: list[Problem] = []
        for name, facts in self.groups.items():
            prepared = prepare_group(frame, facts)
            problems += prepared.problems
            dtype = self.dtypes[name]
            write_at(self.paths[name], to_records(prepared.arrays, dtype), start * dtype.itemsize)
        return problems


def write_at(path: Path, records: np.ndarray[Any, Any], offset: int) -> None:
    data = records.view(np.uint8).data if records.size else memoryview(b"")
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        done = 0
        while done < len(data):
            done += file.write(data[done : done + (1 << 30)])


def reserve(path: Path, size: int) -> None:
    """A file of `size` bytes with its place on the disk taken, so that a full disk is known before any work.

    Raises:
        OSError: when there is no room.
    """
    with path.open("wb") as file:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
