"""What the READMEs show is run: every command and every Python line, in order, on a small table."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import mixed_table

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)


def blocks(page: str) -> list[tuple[str, str]]:
    return FENCE.findall((ROOT / page).read_text(encoding="utf-8"))


TYPED = """
import json, sys
from consilience.cli import main

for line, words in json.loads(sys.argv[1]):
    sys.argv = words
    try:
        main()
    except SystemExit as end:
        if end.code:
            sys.exit(f"{line}: exit code {end.code}")
"""
"""Runs commands one after the other in a single process: each alone would load torch again."""


@pytest.mark.slow
def test_the_five_minute_tour_runs(tmp_path: Path) -> None:
    mixed_table(150, media=False).rename({"sick": "outcome"}).write_csv(tmp_path / "train.csv")
    mixed_table(60, seed=1, media=False).rename({"sick": "outcome"}).write_csv(tmp_path / "new.csv")
    (tmp_path / "setup.yaml").write_text("effort: 1\n")
    python, commands = [], []
    for kind, body in blocks("README.md"):
        if kind == "python":
            python.append(body)
        if kind != "bash":
            continue
        for line in body.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] != ["consilience"]:
                continue
            if words[1] in ("train", "design"):
                words += ["--effort", "1", "--set", "train.epochs=2"]
            commands.append([line, words])
    assert len(commands) >= 5
    _succeeds([TYPED, json.dumps(commands)], tmp_path)
    script = "\n".join(python).replace('target="outcome",', 'target="outcome", effort=1, settings=("train.epochs=2",),')
    script = script.replace('hidden=["text"]', 'hidden=["number"]')  # the little table's notes repeat: categories
    _succeeds([script], tmp_path)
    assert (tmp_path / "runs" / "first" / "report.html").exists()


def _succeeds(script: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", *script],
        cwd=folder,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_both_readmes_show_the_same_commands() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "check_docs.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
