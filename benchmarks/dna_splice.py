"""Primate splice junctions (StatLog DNA) through `consilience train` at the default effort, on both splits.

    CONSILIENCE_DATA=… python benchmarks/dna_splice.py

Prints one JSON line a split: accuracy with its interval. Bar: 0.95 on both. Published on the StatLog order: RBF 95.9,
DIPOL92 95.2, logistic 93.9, C4.5 92.4. Of its 1,186 test rows 82 also stand in its training part; our own split
holds no such copies.
"""

from __future__ import annotations

import resource

import polars as pl
from common import data_folder, explain, report, short, train, workspace

BAR = 0.95
SPLITS = {"split": "ours", "statlog_order_split": "StatLog order (82 test rows stand in the training part)"}


def main() -> None:
    table = pl.read_csv(data_folder("dna_splice") / "dna_splice.csv")
    for column, said in SPLITS.items():
        with workspace() as folder:
            path = folder / "dna.csv"
            table.select("sequence", "label", pl.col(column).alias("split")).write_csv(path)
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            metrics, seconds = train(folder / "run", path, "label", "--set", "split.column=split")
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        figures = short(metrics, "accuracy", "log_loss")
        reached = figures["default"]["accuracy"][0] >= BAR
        report(
            "dna_splice",
            split=said,
            rows=metrics["rows"],
            figures=figures,
            bar=BAR,
            reached=reached,
            seconds=round(seconds),
            processor_seconds=round(used),
        )


if __name__ == "__main__":
    explain(__doc__)
    main()
