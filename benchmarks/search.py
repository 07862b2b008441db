"""What searching brings: the policy's own recipe against the best of N trials, on test rows that no trial saw.

    CONSILIENCE_DATA=… python benchmarks/search.py avmnist --trials 30
    CONSILIENCE_DATA=… python benchmarks/search.py rosmap --trials 30
    python benchmarks/search.py demo --trials 6 --effort 1

One JSON line: both runs' metrics with intervals, the paired difference, importances, states of the trials, seconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import data_folder, report, short, train, workspace
from tables import CASES

import consilience as cs
from consilience.data.table import read_table
from consilience.demo import TARGET
from consilience.demo import tables as demo_tables
from consilience.evaluation.comparison import compare

NAMES = ("avmnist", "rosmap", "demo")


def laid(name: str, folder: Path) -> tuple[dict[str, Path], str, list[str]]:
    """Tables by role, target and options of a case."""
    if name == "demo":
        first, test = demo_tables()
        return {"train": first, "test": test}, TARGET, []
    case = CASES[name]
    tables = case.lay(data_folder(name), folder)
    return tables, case.target, list(case.options)


def paired(run: Path, other: Path, test: Path, names: tuple[str, str]) -> dict[str, Any]:
    """Difference of two runs' default predictions in the primary metric, on the same rows."""
    table = read_table(test)
    first, second = cs.load(run), cs.load(other)
    rows, opinion = first.opinion(table, ())
    metric = str(first.metrics["primary"])
    return compare(rows, metric, (names[0], opinion.final), (names[1], second.opinion(table, ())[1].final))


def measure(name: str, trials: int, seed: int, effort: int | None) -> None:
    with workspace() as folder:
        tables, target, options = laid(name, folder)
        options += ["--seed", str(seed), *(["--effort", str(effort)] if effort else [])]
        for role in ("valid", "test"):
            options += [f"--{role}", str(tables[role])] if role in tables else []
        metrics, seconds = train(folder / "policy", tables["train"], target, *options)
        command = [sys.executable, "-m", "consilience", "search", str(tables["train"]), "--target", target, *options]
        began = time.perf_counter()
        out = folder / "search"
        subprocess.run([*command, "--trials", str(trials), "--out", str(out)], check=True, stdout=sys.stderr)
        searching = time.perf_counter() - began
        result = json.loads((out / "result.json").read_text(encoding="utf-8"))
        best = json.loads((out / "run" / "metrics.json").read_text(encoding="utf-8"))
        difference = paired(out / "run", folder / "policy", tables["test"], ("the best recipe", "the policy's own"))
    names = tuple(metrics["test"])[:1] if metrics["task"] == "regression" else ("accuracy", "log_loss")
    report(
        f"search/{name}",
        policy=short(metrics, *names),
        best=short(best, *names),
        difference=difference,
        validation={"metric": result["metric"], "first": result["first"]["value"], "best": result["best"]["value"]},
        values=result["best"]["values"],
        importances=result["importances"],
        states=[trial["state"] for trial in result["trials"]],
        seconds={"policy": seconds, "search": searching},
        rows=result["rows"],
        seed=seed,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int)
    given = parser.parse_args()
    measure(given.name, given.trials, given.seed, given.effort)
