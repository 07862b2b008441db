"""What the READMEs show is run: every command and every Python line, in order, on a small table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import mixed_table

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)


def blocks(page: str) -> list[tuple[str, str]]:
    return FENCE.findall((ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_five_minute_tour_runs(tmp_path: Path) -> None:
    mixed_table(150, media=False).rename({"sick": "outcome"}).write_csv(tmp_path / "train.csv")
    mixed_table(60, seed=1, media=False).rename({"sick": "outcome"}).write_csv(tmp_path / "new.csv")
    (tmp_path / "setup.yaml").write_text("effort: 1\n")
    environment = {**os.environ, "COLUMNS": "160"}
    python = []
    ran = 0
    for kind, body in blocks("README.md"):
        if kind == "python":
            python.append(body)
        if kind != "bash":
            continue
        for line in body.splitlines():
            words = line.split("#")[0].split()
            if words[:1] != ["consilience"]:
                continue
            if words[1] in ("train", "design"):
                words += ["--effort", "1", "--set", "train.epochs=2"]
            done = subprocess.run(
                [sys.executable, "-m", *words],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            ran += 1
    assert ran >= 5
    script = "\n".join(python).replace('target="outcome",', 'target="outcome", effort=1, settings=("train.epochs=2",),')
    script = script.replace('hidden=["text"]', 'hidden=["number"]')  # the little table's notes repeat: categories
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "first" / "report.html").exists()


def test_both_readmes_show_the_same_commands() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "check_docs.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
