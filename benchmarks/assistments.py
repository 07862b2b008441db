"""Knowledge tracing on ASSISTments 2009 (updated) through `consilience train`: AUC on the given test students.

    CONSILIENCE_DATA=… python benchmarks/assistments.py [--effort 1] [--seed 0]

Every answer is a row; what a student did before is declared in examples/education/recipe.yaml. Intervals by student.
One JSON line. To reach: ROC AUC 0.80; published figures lie between 0.72 and 0.82 (DKT, DKVMN).
"""

from __future__ import annotations

import argparse
import resource
import runpy
from pathlib import Path
from typing import Any

import polars as pl
from common import data_folder, report, short, train, workspace

EXAMPLE = Path(__file__).parents[1] / "examples" / "education"
LEAST = 0.80


def measure(effort: int, seed: int) -> None:
    prepare: dict[str, Any] = runpy.run_path(str(EXAMPLE / "prepare.py"))
    with workspace() as folder:
        rows: pl.DataFrame = prepare["answers"](data_folder("assistments"))
        for part in ("train", "test"):
            rows.filter(pl.col("split") == part).drop("split").write_parquet(folder / f"{part}.parquet")
        options = ["--test", str(folder / "test.parquet"), "--recipe", str(EXAMPLE / "recipe.yaml")]
        options += ["--effort", str(effort), "--seed", str(seed)]
        metrics, seconds = train(folder / "run", folder / "train.parquet", "correct", *options)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(
        "assistments",
        **short(metrics, "roc_auc", "accuracy", "matthews", "log_loss"),
        students=int(rows["student"].n_unique()),
        must_reach={"roc_auc": LEAST},
        reached=metrics["test"]["roc_auc"]["value"] >= LEAST,
        processor_seconds=round(used.ru_utime + used.ru_stime),
        seconds={**metrics["seconds"], "command": seconds},
        rows=metrics["rows"],
        seed=metrics["seed"],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    measure(given.effort, given.seed)
