"""Davis drug-target affinity (DeepDTA's copy, official setting 1) through `consilience train`.

    CONSILIENCE_DATA=… python benchmarks/dta_davis.py [--effort 1]

Five folds train, the sixth is the test. Prints one JSON line: mean squared error and concordance index with intervals.
Bar: MSE ≤ 0.26, concordance ≥ 0.878 (DeepDTA: 0.261 / 0.878; KronRLS 0.379 / 0.871; GraphDTA 0.229 / 0.893). Every drug
and every target of the test is seen in training: the figure says nothing of new molecules.
"""

from __future__ import annotations

import argparse
import resource

import polars as pl
from common import data_folder, report, short, train, workspace

MOST_ERROR, LEAST_CONCORDANCE = 0.26, 0.878


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effort", type=int, default=1)
    asked = parser.parse_args()
    data = data_folder("dta_davis")
    names = {"ligand": pl.String, "target": pl.String}
    pairs = pl.read_csv(data / "pairs.csv", schema_overrides=names)
    ligands = pl.read_csv(data / "ligands.csv", schema_overrides=names)
    table = pairs.join(ligands, on="ligand", maintain_order="left")
    table = table.join(pl.read_csv(data / "targets.csv"), on="target", maintain_order="left")
    part = pl.when(pl.col("fold") == "test").then(pl.lit("test")).otherwise(pl.lit("train")).alias("split")
    with workspace() as folder:
        path = folder / "davis.csv"
        table.select("smiles", "protein_sequence", "affinity", part).write_csv(path)
        options = ("--effort", str(asked.effort), "--set", "split.column=split")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        metrics, seconds = train(folder / "run", path, "affinity", *options)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    squared = {k: round(v**2, 4) for k, v in metrics["test"]["rmse"].items()}
    concordance = metrics["test"]["concordance"]["value"]
    report(
        "dta_davis",
        rows=metrics["rows"],
        mse=squared,
        figures=short(metrics, "rmse", "concordance"),
        bar={"mse": MOST_ERROR, "concordance": LEAST_CONCORDANCE},
        reached=squared["value"] <= MOST_ERROR and concordance >= LEAST_CONCORDANCE,
        seconds=round(seconds),
        processor_seconds=round(used),
        effort=asked.effort,
    )


if __name__ == "__main__":
    main()
