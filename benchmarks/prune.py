"""USPS digits: what `consilience prune` keeps at several shares, by importance; test rows are those of the data set.

    CONSILIENCE_DATA=... python benchmarks/prune.py [EPOCHS]

Shares and importances are compared on the same rows as the run that they come from; the unpruned run is trained once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import data_folder, explain, report, train, workspace

CUTS = [(share, importance) for share in (0.5, 0.75) for importance in ("taylor", "magnitude")]


def prune(run: Path, out: Path, share: float, importance: str) -> dict[str, Any]:
    """`consilience prune` in a process of its own → the content of prune.json."""
    command = [sys.executable, "-m", "consilience", "prune", str(run), "--out", str(out), "--share", str(share)]
    subprocess.run([*command, "--importance", importance, "--set", "report.analyses=[]"], check=True, stdout=sys.stderr)
    return dict(json.loads((out / "prune.json").read_text(encoding="utf-8")))


def main(epochs: str = "8") -> None:
    table = data_folder("usps") / "usps.parquet"
    found: dict[str, Any] = {}
    with workspace() as folder:
        options = ("--effort", "2", "--set", "references=[]", "--set", "report.analyses=[]", "--set", "split.folds=1")
        options += ("--set", f"train.epochs={epochs}", "--set", "train.networks=1", "--set", "split.column=split")
        train(folder / "run", table, "label", *options)
        for share, importance in CUTS:
            told = prune(folder / "run", folder / f"{importance}{share}", share, importance)
            for name in ("teacher", "student"):
                one = told[name]
                key = "unpruned" if name == "teacher" else f"{importance} {share}"
                figures = {f: one[f] for f in ("parameters", "bytes", "latency")}
                found[key] = {**figures, "accuracy": one["metrics"]["accuracy"]}
    report("prune", data=table.name, epochs=int(epochs), **found)


if __name__ == "__main__":
    explain(__doc__)
    main(*sys.argv[1:])
