"""What a teacher brings: a student of a run, beside the same small network trained on the labels alone.

    CONSILIENCE_DATA=… python benchmarks/distill.py avmnist
    CONSILIENCE_DATA=… python benchmarks/distill.py chnsenticorp
    python benchmarks/distill.py demo --teacher-effort 2

One JSON line: metrics with intervals, paired differences, size and latency of all three.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import data_folder, report, train, workspace
from tables import CASES

from consilience.demo import TARGET
from consilience.demo import tables as demo_tables
from search import paired

NAMES = ("avmnist", "chnsenticorp", "demo")


def laid(name: str, folder: Path) -> tuple[dict[str, Path], str, list[str]]:
    """Tables by role, target and options of a case."""
    if name == "demo":
        first, test = demo_tables()
        return {"train": first, "test": test}, TARGET, []
    case = CASES[name]
    return case.lay(data_folder(name), folder), case.target, list(case.options)


def distilled(teacher: Path, out: Path, *options: str) -> dict[str, Any]:
    """`consilience distill` in a process of its own: distill.json."""
    command = [sys.executable, "-m", "consilience", "distill", str(teacher), "--out", str(out), *options]
    subprocess.run(command, check=True, stdout=sys.stderr)
    found: dict[str, Any] = json.loads((out / "distill.json").read_text(encoding="utf-8"))
    return found


def figures(one: dict[str, Any], metric: str) -> dict[str, Any]:
    score = one["metrics"][metric]
    sizes = {name: one[name] for name in ("parameters", "networks", "bytes", "latency")}
    return {metric: [round(score[k], 4) for k in ("value", "low", "high")], **sizes}


def measure(name: str, seed: int, effort: int, teacher_effort: int, temperature: float) -> None:
    with workspace() as folder:
        tables, target, options = laid(name, folder)
        options += ["--seed", str(seed), "--effort", str(teacher_effort)]
        for role in ("valid", "test"):
            options += [f"--{role}", str(tables[role])] if role in tables else []
        train(folder / "teacher", tables["train"], target, *options)
        common = ("--effort", str(effort))
        taught = distilled(folder / "teacher", folder / "taught", *common, "--temperature", str(temperature))
        alone = distilled(folder / "teacher", folder / "alone", *common, "--weight", "0")
        gain = paired(folder / "taught", folder / "alone", tables["test"], ("the taught student", "the untaught one"))
    metric = str(taught["difference"]["metric"])
    report(
        f"distill/{name}",
        teacher=figures(taught["teacher"], metric),
        taught=figures(taught["student"], metric),
        untaught=figures(alone["student"], metric),
        student_minus_teacher=taught["difference"],
        taught_minus_untaught=gain,
        temperature=temperature,
        efforts={"teacher": teacher_effort, "student": effort},
        rows=taught["rows"],
        seed=seed,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--teacher-effort", type=int, default=3)
    parser.add_argument("--temperature", type=float, default=2.0)
    given = parser.parse_args()
    measure(given.name, given.seed, given.effort, given.teacher_effort, given.temperature)
