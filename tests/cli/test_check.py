"""`consilience check`: exit codes that CI can gate on."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import consilience as cs
from consilience.artifacts.run_folder import RunFolder
from consilience.cli.app import app
from consilience.core.errors import InputError

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "evaluation" / "fake_result.py")))


def run_of(path: Path, result: dict[str, Any]) -> str:
    folder = RunFolder(path / "run")
    folder.path.mkdir()
    folder.start.write_text('{"recipe": {}, "tables": {}}', encoding="utf-8")
    folder.write_result(result)
    folder.events.write_text("", encoding="utf-8")
    return str(folder.path)


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["check", *arguments])


def test_an_error_is_an_issue(tmp_path: Path) -> None:
    run = run_of(tmp_path, fake.classification())
    done = call(run)
    assert done.exit_code == 1
    places = [done.output.index(code) for code in ("leak", "target_leak", "near_duplicate_image", "constant_column")]
    assert places == sorted(places), "worst first"
    assert "2 issues" in done.output
    found = json.loads(call(run, "--json").output)
    assert found["ok"] is False
    assert found["findings"][0]["severity"] == "error"
    assert {"code": "lost_coverage", "reason": "coverage was not measured"} in found["not_looked"]


def test_a_warning_is_an_issue_when_strict(tmp_path: Path) -> None:
    run = run_of(tmp_path, {**fake.classification(), "findings": [fake.findings()[0]]})
    assert call(run).exit_code == 0
    assert "no issue" in call(run).output
    assert call(run, "--strict").exit_code == 1


def test_nothing_found_ends_with_zero(tmp_path: Path) -> None:
    run = run_of(tmp_path, {**fake.classification(), "findings": []})
    done = call(run, "--strict", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["findings"] == []
    assert cs.check(run)[0] == []


@pytest.mark.parametrize("missing", ["run.json", "metrics.json"])
def test_no_finished_run_is_bad_input(tmp_path: Path, missing: str) -> None:
    run = run_of(tmp_path, fake.classification())
    (Path(run) / missing).unlink()
    done = call(run)
    assert isinstance(done.exception, InputError)
    assert missing in str(done.exception)
