from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from consilience.core.errors import InputError
from consilience.training.listeners.jsonl import JsonLines, read_events


def test_events_come_back_in_order_with_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.jsonl"
    with JsonLines(path) as listen:
        listen({"event": "stage", "name": "准备"})
        assert len(read_events(path)) == 1, "each line is on disk at once"
        listen({"event": "evaluation", "epoch": 0, "loss": np.float32(0.5), "valid": {"accuracy": float("nan")}})
    first, second = read_events(path)
    assert first["name"] == "准备"
    assert second["loss"] == 0.5
    assert second["valid"] == {"accuracy": None}
    assert first["time"] <= second["time"]


def test_a_line_cut_by_a_kill_is_left_out_and_the_next_run_starts_on_a_new_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLines(path) as listen:
        listen({"event": "stage", "name": "train"})
    whole = path.read_bytes()
    path.write_bytes(whole + '{"event": "step", "na": "é'.encode()[:-1])
    assert [e["event"] for e in read_events(path)] == ["stage"]
    with JsonLines(path) as listen:
        listen({"event": "end"})
    assert [e["event"] for e in read_events(path)] == ["stage", "end"]
    assert path.read_bytes().startswith(whole), "what was whole is never touched"
    assert all(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def test_no_file_means_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == []


@pytest.mark.parametrize("line", [b"not json\n", b"[1]\n", b"{}\n", b"\xff\n"])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event": "end"}\n' + line)
    with pytest.raises(InputError, match="line 2: not an event"):
        read_events(path)
