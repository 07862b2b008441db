"""`consilience report` on crafted run folders."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from consilience.artifacts.run_folder import RunFolder
from consilience.cli.app import app
from consilience.core.errors import InputError
from consilience.model import Model

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "evaluation" / "fake_result.py")))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.start.write_text('{"recipe": {}, "tables": {}}', encoding="utf-8")
    folder.write_result(fake.classification())
    folder.events.write_text("".join(json.dumps(e) + "\n" for e in fake.events()), encoding="utf-8")
    return folder.path


def test_the_report_is_written_again_in_another_language(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "zh.html"
    done = CliRunner().invoke(app, ["report", str(run), "--language", "zh", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert str(out) in done.output.replace("\n", "")
    assert 'lang="zh-CN"' in out.read_text(encoding="utf-8")
    assert "训练损失" in out.read_text(encoding="utf-8"), "curves come from the events"
    assert not (run / "report.html").exists()
    CliRunner().invoke(app, ["report", str(run)])
    assert 'lang="en"' in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "words"), [(["--language", "fr"], "known|did you mean"), ([], "no run.json")])
def test_bad_input_is_named(run: Path, arguments: list[str], words: str) -> None:
    if not arguments:
        (run / "run.json").unlink()
    done = CliRunner().invoke(app, ["report", str(run), *arguments])
    assert isinstance(done.exception, InputError)
    assert any(word in str(done.exception) for word in words.split("|"))


def test_a_model_writes_its_report_and_card_again(run: Path) -> None:
    bundle: Any = None
    model = Model(bundle, run)
    path = model.write_report(language="zh")
    assert path == run / "report.html"
    assert "主要结论" in path.read_text(encoding="utf-8")
    assert "预期用途" in (run / "card.md").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="no run folder"):
        Model(bundle).write_report()
