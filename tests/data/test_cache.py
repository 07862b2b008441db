from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from consilience.core.errors import InputError
from consilience.data.cache import build_entry, cache_root, checksum, open_entry, prune, readable

KEY = "0123456789abcdef" * 2


def fill(folder: Path) -> dict[str, Any]:
    (folder / "0.rows").write_bytes(bytes(range(256)) * 1000)
    return {"rows": 3}


def test_what_is_built_opens(tmp_path: Path) -> None:
    entry, manifest = build_entry(tmp_path, KEY, 256_000, fill)
    assert entry == tmp_path / KEY
    assert manifest["rows"] == 3
    assert open_entry(entry) == (manifest, None)
    assert open_entry(tmp_path / "absent") == (None, None)


def truncate(entry: Path) -> None:
    os.truncate(entry / "0.rows", 1000)


def flip(entry: Path) -> None:
    with (entry / "0.rows").open("r+b") as file:
        file.seek(100_000)
        file.write(b"\xff\xfe\xfd")


def remove_rows(entry: Path) -> None:
    (entry / "0.rows").unlink()


def cut_manifest(entry: Path) -> None:
    os.truncate(entry / "manifest.json", 20)


def remove_manifest(entry: Path) -> None:
    (entry / "manifest.json").unlink()


@pytest.mark.parametrize("damage", [truncate, flip, remove_rows, cut_manifest, remove_manifest])
def test_damage_is_seen_and_replaced(tmp_path: Path, damage: Any) -> None:
    entry, _ = build_entry(tmp_path, KEY, 1, fill)
    damage(entry)
    manifest, reason = open_entry(entry)
    assert manifest is None
    assert reason
    build_entry(tmp_path, KEY, 1, fill)
    assert open_entry(entry).manifest
    assert sorted(p.name for p in tmp_path.iterdir()) == [KEY]


def test_the_first_of_two_builders_wins_and_both_succeed(tmp_path: Path) -> None:
    def slow(folder: Path) -> dict[str, Any]:
        build_entry(tmp_path, KEY, 1, fill)  # another process ends meanwhile
        return {**fill(folder), "mine": True}

    entry, manifest = build_entry(tmp_path, KEY, 1, slow)
    assert "mine" not in manifest
    assert sorted(p.name for p in tmp_path.iterdir()) == [entry.name]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, code: int) -> None:
    def full(folder: Path) -> dict[str, Any]:
        fill(folder)
        raise OSError(code, os.strerror(code))

    with pytest.raises(InputError) as error:
        build_entry(tmp_path, KEY, 3_200_000_000, full)
    assert "the feature cache needs 3.2 GB" in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "CONSILIENCE_CACHE" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> dict[str, Any]:
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_entry(tmp_path, KEY, 1, interrupted)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="the feature cache cannot be written"):
        build_entry(tmp_path / "file" / "cache", KEY, 1, fill)


def test_unused_entries_are_pruned_and_other_files_left_alone(tmp_path: Path) -> None:
    now = time.time()
    entry, _ = build_entry(tmp_path, KEY, 1, fill)
    half = tmp_path / f".{KEY}.abc_1.part"
    mine = tmp_path / "my data"
    for folder in (half, mine):
        folder.mkdir()
    assert prune(tmp_path, now + 86_400) == []
    assert prune(tmp_path, now + 3 * 86_400) == [half.name]
    os.utime(entry / "manifest.json", (now - 20 * 86_400,) * 2)
    assert open_entry(entry).manifest  # use starts the time anew
    assert prune(tmp_path, now + 29 * 86_400) == []
    assert prune(tmp_path, now + 31 * 86_400) == [KEY]
    assert mine.exists()


def test_checksum_covers_small_files_whole_and_both_ends_of_large_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    monkeypatch.setattr("consilience.data.cache.BLOCK", 64)
    monkeypatch.setattr("consilience.data.cache.BLOCKS", 8)
    sums = set()
    for place in (None, 0, 64 * 100 - 1):
        data = bytearray(64 * 100)
        if place is not None:
            data[place] = 1
        path.write_bytes(data)
        sums.add(checksum(path))
    assert len(sums) == 3


def test_the_folder_is_chosen_by_argument_then_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIENCE_CACHE", str(tmp_path / "named"))
    assert cache_root(tmp_path) == tmp_path
    assert cache_root() == tmp_path / "named"
    monkeypatch.delenv("CONSILIENCE_CACHE")
    assert "consilience" in str(cache_root())


@pytest.mark.parametrize(("size", "text"), [(0, "0 bytes"), (1500, "1.5 kB"), (5e12, "5.0 TB")])
def test_sizes_read_well(size: float, text: str) -> None:
    assert readable(size) == text
