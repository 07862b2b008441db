from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consilience.core.errors import InputError
from consilience.data.row_store import FileRows, MemoryRows

DTYPE = np.dtype([("pixels", "u1", (28, 28)), ("value", "<f4", (2,)), ("mask", "?", (2,))], align=True)


def written(folder: Path, rows: int) -> tuple[Path, np.ndarray[Any, Any]]:
    records = np.zeros(rows, DTYPE)
    records["pixels"] = (np.arange(rows) % 251)[:, None, None]
    records["value"] = np.arange(2 * rows).reshape(rows, 2)
    path = folder / "0.rows"
    path.write_bytes(records.tobytes())
    return path, records


@pytest.mark.parametrize("index", [[5, 3, 3, 99, 0], list(range(10, 40)), [99], list(range(100)), []])
def test_rows_come_in_the_order_asked(tmp_path: Path, index: list[int]) -> None:
    path, records = written(tmp_path, 100)
    chosen = np.array(index, np.int64)
    for store in (FileRows(path, DTYPE, 100), MemoryRows(records)):
        found = store.read(chosen)
        assert np.array_equal(found, records[chosen])
        assert found["value"].flags.writeable
        assert np.array_equal(store.whole(), records)
        store.close()


@pytest.mark.parametrize("row", [-1, 100])
def test_rows_outside_are_refused(tmp_path: Path, row: int) -> None:
    store = FileRows(written(tmp_path, 100)[0], DTYPE, 100)
    with pytest.raises(IndexError, match="of 100"):
        store.read(np.array([0, row]))
    store.close()


def test_closed_stores_read_nothing(tmp_path: Path) -> None:
    store = FileRows(written(tmp_path, 100)[0], DTYPE, 100)
    store.close()
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.read(np.array([1]))


@pytest.mark.parametrize("index", [[98, 99], [99, 3]])
def test_a_file_cut_short_while_in_use_is_said(tmp_path: Path, index: list[int]) -> None:
    path, _ = written(tmp_path, 100)
    store = FileRows(path, DTYPE, 100)
    os.truncate(path, 99 * DTYPE.itemsize)
    with pytest.raises(InputError, match="cut short while in use"):
        store.read(np.array(index))
    store.close()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the resident set from /proc")
def test_memory_stays_flat_as_random_rows_are_read(tmp_path: Path) -> None:
    rows = 200_000  # 160 MB
    path = tmp_path / "0.rows"
    with path.open("wb") as file:
        for _ in range(20):
            file.write(np.ones(rows // 20, DTYPE).tobytes())
    store, random = FileRows(path, DTYPE, rows), np.random.default_rng(0)
    store.read(random.integers(0, rows, 256))
    gc.collect()
    before = resident()
    for _ in range(1000):
        store.read(random.integers(0, rows, 256))
    assert resident() - before < 30_000_000
    store.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
