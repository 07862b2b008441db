from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

from consilience.core.errors import InputError
from consilience.core.recipe import Group, Prepare
from consilience.data import preparation
from consilience.data.features import Features, in_memory, learn_facts, prepare
from consilience.data.table import Table

COLUMNS = {
    "number": "age",
    "category": "city",
    "date": "seen",
    "text": "note",
    "image": "scan",
    "audio": "voice",
}
GROUPS = {f"{name} group": Group(columns=(column,), modality=name) for name, column in COLUMNS.items()}
HERE = Prepare(workers=0)


def image(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (12, 10), shade % 256).save(file, "PNG")
    return file.getvalue()


def sound(length: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(length)), 8000, format="WAV")
    return file.getvalue()


def table(rows: int = 60) -> Table:
    frame = pl.DataFrame(
        {
            "age": [None if i % 7 == 0 else float(i) for i in range(rows)],
            "city": [["rome", "oslo", None][i % 3] for i in range(rows)],
            "seen": [f"2024-01-{1 + i % 28:02d}" for i in range(rows)],
            "note": [f"note number {i} 很好" if i % 5 else None for i in range(rows)],
            "scan": [image(i) if i != 33 else b"broken" for i in range(rows)],
            "voice": [sound(200 + i) if i % 4 else None for i in range(rows)],
        }
    )
    return Table(frame, None, "test")


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return learn_facts(table().frame.head(30), GROUPS, HERE)


def same(one: Features, other: Features, index: np.ndarray[Any, Any]) -> bool:
    a, b = one.gather(index), other.gather(index)
    return a.keys() == b.keys() and all(
        a[g].keys() == b[g].keys() and all(np.array_equal(a[g][n], b[g][n]) for n in a[g]) for g in a
    )


def test_facts_hold_the_modality_and_columns_of_each_group(facts: dict[str, Any]) -> None:
    assert {g: (f["modality"], f["columns"]) for g, f in facts.items()} == {
        f"{name} group": (name, [column]) for name, column in COLUMNS.items()
    }


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_cache_memory_and_processes_give_the_same_bits(
    facts: dict[str, Any], tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "MEDIA_ROWS", 7)
    index = np.random.default_rng(0).permutation(60)
    with (
        prepare(table(), facts, Prepare(workers=workers), tmp_path) as cached,
        in_memory(table(), facts) as memory,
    ):
        assert cached.rows == memory.rows == 60
        assert same(cached, memory, index)
        assert cached.problems == memory.problems
        assert [(p.code, p.column, p.count, p.rows) for p in cached.problems] == [("unreadable_media", "scan", 1, [33])]
        for group in facts:
            whole, again = cached.whole(group), memory.whole(group)
            assert all(np.array_equal(whole[n], again[n]) and len(whole[n]) == 60 for n in again)
            assert not any(a.flags.writeable for a in whole.values())


def test_gathered_arrays_are_trimmed_contiguous_copies(facts: dict[str, Any]) -> None:
    features = in_memory(table(), facts)
    batch = features.gather(np.array([0, 1, 1]))
    for arrays in batch.values():
        for array in arrays.values():
            assert len(array) == 3
            assert array.flags.c_contiguous
            assert array.flags.writeable
    batch["image group"]["pixels"][:] = 9
    assert not (features.gather(np.array([1]))["image group"]["pixels"] == 9).all()
    assert batch["audio group"]["wave"].shape[-1] <= facts["audio group"]["samples"]


def test_a_second_run_reuses_the_cache_and_reports_progress(facts: dict[str, Any], tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    first = prepare(table(), facts, HERE, tmp_path, events.append)
    assert events[-1] == {"event": "progress", "name": "prepare", "done": 60, "total": 60, "reused": False}
    second = prepare(table(), facts, HERE, tmp_path, events.append)
    assert events[-1] == {"event": "progress", "name": "prepare", "done": 60, "total": 60, "reused": True}
    assert (first.reused, second.reused) == (False, True)
    assert second.problems == first.problems
    assert same(first, second, np.arange(60))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cache_cut_short_is_rebuilt_with_a_warning(facts: dict[str, Any], tmp_path: Path) -> None:
    prepare(table(), facts, HERE, tmp_path).close()
    for file in tmp_path.glob("*/*.rows"):
        os.truncate(file, file.stat().st_size // 2)
    events: list[dict[str, Any]] = []
    rebuilt = prepare(table(), facts, HERE, tmp_path, events.append)
    assert not rebuilt.reused
    (warning,) = [e for e in events if e["event"] == "warning"]
    assert warning["code"] == "cache_rebuilt"
    assert "damaged" in warning["message"]
    assert same(rebuilt, in_memory(table(), facts), np.arange(60))


def test_other_cells_and_other_facts_make_other_entries(facts: dict[str, Any], tmp_path: Path) -> None:
    prepare(table(), facts, HERE, tmp_path).close()
    prepare(table(61), facts, HERE, tmp_path).close()
    prepare(table(), learn_facts(table().frame, GROUPS, HERE), HERE, tmp_path).close()
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space is reserved where the system can")
def test_a_full_disk_is_said_before_anything_is_decoded(
    facts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, offset: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match=r"the feature cache needs \d+\.\d [kM]B, .* are free"):
        prepare(table(), facts, HERE, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_while_writing_is_said_and_leaves_nothing(facts: dict[str, Any], tmp_path: Path) -> None:
    """Files larger than a limit cannot be written; the limit holds in this child and its workers alone."""
    code = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_features as t
from consilience.core.errors import InputError
facts = t.learn_facts(t.table().frame, t.GROUPS, t.HERE)
t.preparation.reserve = lambda path, size: path.touch()
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    t.prepare(t.table(), facts, t.Prepare(workers=2), t.Path({str(tmp_path)!r}))
except InputError as error:
    print(error)
"""
    path = os.pathsep.join(p for p in sys.path if p)
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    assert "the feature cache needs" in run.stdout.decode(), run.stderr.decode()
    assert not list(tmp_path.iterdir())


def test_two_processes_may_build_one_entry_at_once(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_features as t
facts = t.learn_facts(t.table().frame, t.GROUPS, t.HERE)
with t.prepare(t.table(), facts, t.HERE, t.Path({str(tmp_path)!r})) as features:
    assert t.same(features, t.in_memory(t.table(), facts), t.np.arange(60))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    runs = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 1


def test_absent_columns_are_missing_and_counted(facts: dict[str, Any], tmp_path: Path) -> None:
    short = Table(table().frame.drop("age", "scan"), None, "test")
    for features in (in_memory(short, facts), prepare(short, facts, HERE, tmp_path)):
        found = {(p.code, p.column, p.count) for p in features.problems}
        assert found == {("absent_column", "age", 60), ("absent_column", "scan", 60)}
        assert not features.gather(np.arange(60))["image group"]["mask"].any()


def test_no_rows(facts: dict[str, Any], tmp_path: Path) -> None:
    empty = Table(table().frame.clear(), None, "test")
    for features in (in_memory(empty, facts), prepare(empty, facts, HERE, tmp_path)):
        assert features.rows == 0
        assert len(features.whole("text group")["ids"]) == 0
        assert len(features.gather(np.zeros(0, np.int64))["number group"]["value"]) == 0


def test_closed_features_cannot_be_read(facts: dict[str, Any], tmp_path: Path) -> None:
    features = prepare(table(), facts, HERE, tmp_path)
    features.close()
    with pytest.raises(ValueError, match="closed"):
        features.gather(np.array([0]))


def test_media_paths_are_decoded_again_when_a_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(image(10))
    scans = Table(pl.DataFrame({"scan": [str(path)]}), None, "test")
    groups = {"image": Group(columns=("scan",), modality="image")}
    facts = learn_facts(scans.frame, groups, HERE)
    shades = []
    for shade in (10, 77):
        path.write_bytes(image(shade))
        os.utime(path, ns=(shade, shade))
        features = prepare(scans, facts, HERE, tmp_path / "cache")
        shades.append(int(features.gather(np.array([0]))["image"]["pixels"].max()))
    assert shades == [10, 77]
