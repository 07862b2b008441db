"""From a table to features: facts of the training rows, then canonical arrays, prepared once and cached."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.core.events import Listener, nobody
from consilience.core.recipe import Group, Prepare
from consilience.core.registry import get
from consilience.data.cache import cache_root, open_entry
from consilience.data.cache_key import cache_key
from consilience.data.chunks import (
    Groups,
    Records,
    needed,
    plain_dtype,
    prepare_group,
    record_type,
    to_records,
)
from consilience.data.preparation import Work, build, progress, row_file, slices
from consilience.data.row_store import FileRows, Index, MemoryArrays, MemoryRows, RowStore, fields_of
from consilience.modalities.base import Arrays, Problem, merge_problems

if TYPE_CHECKING:
    from consilience.data.table import Table

FEW_ROWS = 64
"""Up to so many rows are prepared at once: a request's few rows must not wait for the record of none to be found."""


@final
class Features:
    """The prepared rows of a table.

    rows: number of rows. groups: group → facts. key: name of the cache entry, None of rows in memory. problems: what
    had to be repaired. seconds: time it took. reused: True when nothing was prepared because the cache held it. Close
    it, or use it as a context manager.
    """

    def __init__(
        self,
        groups: Groups,
        stores: Mapping[str, RowStore],
        rows: int,
        problems: list[Problem],
        seconds: float,
    ) -> None:
        self.groups, self.rows, self.problems, self.seconds = dict(groups), rows, problems, seconds
        self.reused = False
        self.key: str | None = None
        self._stores = dict(stores)
        self._made: dict[tuple[str, str], RowStore] = {}

    def gather(self, index: Index, made: Mapping[str, str] = MappingProxyType({})) -> dict[str, Arrays]:
        """{group: {name: array [n, …]}} of the rows `index` int64 [n]: contiguous copies, padding trimmed.

        Memory does not grow with the number of rows on disk.

        Args:
            made: group → key of what a network made of its arrays, which is given in their place where it was kept.
        """
        index = np.asarray(index, np.int64)
        found = {}
        for group, store in self._stores.items():
            kept = self._made.get((group, made.get(group, "")))
            found[group] = self._trimmed(group, store.arrays(index)) if kept is None else _plain(kept.arrays(index))
        return found

    def keep(self, group: str, key: str, store: RowStore) -> None:
        """Hold what a network made of every row of a group; see `gather`."""
        self._made[group, key] = store

    def kept(self, group: str, key: str, index: Index) -> Records | None:
        """What a network made of the rows `index`; None where nothing is kept under these names."""
        store = self._made.get((group, key))
        return None if store is None else store.read(np.asarray(index, np.int64))

    def keeps(self, group: str, key: str) -> bool:
        """True where `keep` was called with these names."""
        return (group, key) in self._made

    def whole(self, group: str) -> Arrays:
        """Every row of one group, untrimmed: read-only views that the system pages in from disk."""
        return fields_of(self._stores[group].whole())

    def described(self) -> dict[str, Any]:
        """{"groups", "rows", "stores", "key"}: plain JSON values, from which `open_features` opens the rows elsewhere.

        Raises:
            InputError: when the rows lie in memory.
        """
        stores = {}
        for name, store in self._stores.items():
            if not isinstance(store, FileRows):
                raise InputError(f"the rows of group {name!r} lie in memory, where no other process can read them")
            stores[name] = store.described()
        return {"groups": self.groups, "rows": self.rows, "stores": stores, "key": self.key}

    def close(self) -> None:
        for store in (*self._stores.values(), *self._made.values()):
            store.close()

    def _trimmed(self, group: str, arrays: Arrays) -> Arrays:
        return _plain(get("modality", self.groups[group]["modality"]).trim(arrays))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _plain(arrays: Arrays) -> Arrays:
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def open_features(described: Mapping[str, Any]) -> Features:
    """The features that another process prepared, from what its `Features.described` says."""
    stores = {
        name: FileRows(Path(store["path"]), plain_dtype(store["fields"]), int(store["rows"]))
        for name, store in described["stores"].items()
    }
    features = Features(described["groups"], stores, int(described["rows"]), [], 0.0)
    features.key = described["key"]
    return features


def learn_facts(frame: pl.DataFrame, groups: Mapping[str, Group], settings: Prepare) -> dict[str, Any]:
    """{group: {"modality", "columns", …}} from the training rows `frame`.

    Raises:
        InputError: when a column of media holds cells and not one of them can be read.
    """
    found: dict[str, Any] = {}
    for name, group in groups.items():
        modality = get("modality", str(group.modality))
        facts = modality.learn({column: frame[column] for column in group.columns}, settings)
        found[name] = {"modality": group.modality, **facts}
    return found


def held_features(arrays: Mapping[str, Arrays], groups: Groups) -> Features:
    """Group → prepared arrays [n, …], as Features."""
    rows = max((len(named["mask"]) for named in arrays.values()), default=0)
    return Features(groups, {group: MemoryArrays(named) for group, named in arrays.items()}, rows, [], 0.0)


def in_memory(table: Table, groups: Groups, settings: Prepare | None = None) -> Features:
    """Features of a small table, prepared in this process and kept in memory: the same bits as `prepare`."""
    began = time.monotonic()
    frame, absent = needed(table.frame, groups)
    parts: list[tuple[int, list[Problem]]] = [(0, absent)] if absent else []
    fill = _at_once if frame.height <= FEW_ROWS else _in_slices
    stores = fill(frame, groups, parts)
    return Features(groups, stores, frame.height, merge_problems(parts), time.monotonic() - began)


def _at_once(frame: pl.DataFrame, groups: Groups, parts: list[tuple[int, list[Problem]]]) -> dict[str, RowStore]:
    """Group → its rows; problems are added to `parts`."""
    stores: dict[str, RowStore] = {}
    for name, facts in groups.items():
        prepared = prepare_group(frame, facts)
        parts.append((0, prepared.problems))
        stores[name] = MemoryArrays(prepared.arrays)
    return stores


def _in_slices(frame: pl.DataFrame, groups: Groups, parts: list[tuple[int, list[Problem]]]) -> dict[str, RowStore]:
    """The same, prepared a slice of the rows at a time."""
    dtypes = {name: record_type(frame, facts) for name, facts in groups.items()}
    records = {name: np.zeros(frame.height, dtype) for name, dtype in dtypes.items()}
    for start, part in slices(frame, groups, dtypes, 1):
        for name, facts in groups.items():
            prepared = prepare_group(part, facts)
            records[name][start : start + part.height] = to_records(prepared.arrays, dtypes[name])
            parts.append((start, prepared.problems))
    return {name: MemoryRows(found) for name, found in records.items()}


def prepare(
    table: Table, groups: Groups, settings: Prepare, folder: Path | None = None, listener: Listener = nobody
) -> Features:
    """Features of a table, from the cache where it holds them, else prepared in parallel and cached.

    Args:
        table: media paths in its cells are absolute (`data.media_paths`).
        folder: of the cache; see `data.cache.cache_root`.
        listener: gets {"event": "progress", "name": "prepare", "done", "total", "reused"}, and a warning
        where a
            damaged entry is built anew.

    Raises:
        InputError: when the disk is full or the cache's folder cannot be written.
    """
    began = time.monotonic()
    frame, absent = needed(table.frame, groups)
    root, key = cache_root(folder), cache_key(frame, groups)
    entry, (manifest, damage) = root / key, open_entry(root / key)
    reused = manifest is not None
    if damage is not None:
        message = f"the feature cache was damaged and is built anew: {damage}"
        listener({"event": "warning", "code": "cache_rebuilt", "message": message})
    if manifest is None:
        entry, manifest = build(root, key, Work(frame, groups, absent, settings, listener))
    else:
        listener(progress(frame.height, frame.height, reused=True))
    stores = {
        name: FileRows(entry / row_file(groups, name), record_type(frame, facts), frame.height)
        for name, facts in groups.items()
    }
    problems = [Problem(**problem) for problem in manifest["problems"]]
    features = Features(groups, stores, frame.height, problems, time.monotonic() - began)
    features.reused, features.key = reused, key
    return features
