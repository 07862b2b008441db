"""`inspect`, `list` and `where` as a user types them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

from consilience.core.registry import BUILTIN, names

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("COLUMNS", "140")

    def typed(*words: object) -> tuple[int, str, str]:
        from consilience.cli import main

        monkeypatch.setattr(sys, "argv", ["consilience", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


@pytest.fixture
def leaky(tmp_path: Path, make_table: Callable[..., pl.DataFrame]) -> Path:
    path = tmp_path / "ward.csv"
    make_table(200, media=False).with_columns(pl.col("sick").alias("diagnosis")).write_csv(path)
    return path


def test_columns_findings_and_what_to_type_next(run: Run, leaky: Path) -> None:
    code, out, _ = run("inspect", leaky, "--target", "sick")
    assert code == 0
    assert "ward.csv" in out
    assert "200 rows" in out
    for word in ("age", "number", "visit", "date", "target_leak", "'diagnosis'"):
        assert word in out
    last = out.strip().splitlines()[-1]
    assert last.startswith("next: consilience train")
    assert "--ignore diagnosis" in last


def test_json_is_one_object_and_nothing_else(run: Run, leaky: Path) -> None:
    code, out, err = run("inspect", leaky, "--target", "sick", "--json")
    assert code == 0
    assert err == ""
    seen = json.loads(out)
    assert seen["task"]["kind"] == "binary"
    assert {f["code"] for f in seen["findings"]} >= {"target_leak"}


def test_strict_fails_on_an_error_only(run: Run, leaky: Path) -> None:
    assert run("inspect", leaky, "--target", "sick", "--strict")[0] == 1
    assert run("inspect", leaky, "--target", "sick", "--strict", "--ignore", "diagnosis")[0] == 0


def test_the_schema_can_be_edited_and_given_back(run: Run, leaky: Path, tmp_path: Path) -> None:
    out = tmp_path / "schema.yaml"
    assert run("inspect", leaky, "--target", "sick", "--out", out)[0] == 0
    schema = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert schema["target"] == "sick"
    assert schema["columns"]["age"] == "number"
    assert "sick" not in schema["columns"]
    assert "#" in out.read_text(encoding="utf-8")


def test_rows_on_both_sides(run: Run, leaky: Path, tmp_path: Path) -> None:
    pl.read_csv(leaky)[:20].write_csv(tmp_path / "later.csv")
    _, out, _ = run("inspect", leaky, "--target", "sick", "--test", tmp_path / "later.csv", "--fast")
    assert "20 of 20 rows of later.csv" in " ".join(out.split())
    assert "--test" in out.strip().splitlines()[-1]


def test_bad_input_is_one_line(run: Run, leaky: Path, tmp_path: Path) -> None:
    for words in (("inspect", tmp_path / "absent.csv"), ("inspect", leaky, "--target", "sikc")):
        code, _, err = run(*words)
        assert code == 2
        assert err.startswith("error: ")
        assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_width_keeps_every_column(run: Run, leaky: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("inspect", leaky, "--fast")[1].splitlines()
    for name in ("age", "dose", "city", "visit", "note", "sick", "diagnosis"):
        assert any(line.startswith(f"{name} ") for line in lines)
    assert all(len(line) <= width for line in lines if not line.startswith("next:"))


@pytest.mark.parametrize("kind", sorted(BUILTIN))
def test_list_says_a_line_on_each(run: Run, kind: str) -> None:
    code, out, _ = run("list", kind)
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert set(lines) == set(names(kind)) >= set(BUILTIN[kind])
    assert all(len(line.split()) >= 3 for line in lines.values())


def test_list_of_an_unknown_kind(run: Run) -> None:
    code, _, err = run("list", "encoders")
    assert code == 2
    assert "did you mean 'encoder'" in err


def test_where_prints_file_and_line(run: Run) -> None:
    code, out, _ = run("where", "check", "target_leak")
    file, line = out.strip().rsplit(":", 1)
    assert code == 0
    assert "class TargetLeak" in Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert run("where", "check", "target_leek")[0] == 2


def test_windows_of_a_table_of_steps(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    pl.DataFrame({"t": range(300), "x": [float(i % 7) for i in range(300)]}).write_csv(path)
    asked = ("--target", "*", "--set", "series.time=t", "--set", "series.past=14", "--set", "series.horizon=7")
    code, out, _ = run("inspect", path, *asked)
    assert code == 0
    for word in ("windows · steps: every 1 · season of 7 steps", "training", "target: x"):
        assert word in out
    assert out.strip().splitlines()[-1].endswith("--set series.time=t --set series.past=14 --set series.horizon=7")
    seen = json.loads(run("inspect", path, *asked, "--json")[1])["windows"]
    assert seen["windows"]["train"] > 100
    assert run("inspect", path, *asked[:-1], "series.horizon=90", "--strict")[0] == 1
