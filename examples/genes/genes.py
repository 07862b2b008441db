"""Splice sites from DNA, and Alzheimer's disease from three omics: train both and quote what the reports say.

CONSILIENCE_DATA=… python examples/genes/genes.py [--effort 3] [--out runs/genes]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import polars as pl

import consilience as cs
from consilience.evaluation.wording import verdict


def splice(data: Path, out: Path, effort: int) -> None:
    """One column of DNA; the file names its own split."""
    table = pl.read_csv(data / "dna_splice" / "dna_splice.csv").drop("statlog_order_split")
    recipe = {"effort": effort, "split": {"column": "split"}}
    cs.fit(table, "label", recipe=recipe, run=out / "splice")
    quote("Splice sites", out / "splice")


def omics(data: Path, out: Path, effort: int) -> None:
    """Three kinds of measurements, named by their columns' first part: a discipline each."""
    table = pl.read_parquet(data / "rosmap" / "rosmap.parquet")
    kinds = ("mrna", "meth", "mirna")
    recipe = {
        "effort": effort,
        "split": {"column": "split"},
        "disciplines": {kind: [c for c in table.columns if c.startswith(f"{kind}:")] for kind in kinds},
    }
    cs.fit(table, "label", recipe=recipe, run=out / "omics")
    quote("Multi-omics", out / "omics")


def quote(title: str, run: Path) -> None:
    """What the report's first lines say."""
    print(f"\n{title}")
    for sentence in verdict(json.loads((run / "metrics.json").read_text(encoding="utf-8"))):
        print(f"  {sentence.text}")
    print(f"  report: {run / 'report.html'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/genes"))
    asked = parser.parse_args()
    if "CONSILIENCE_DATA" not in os.environ:
        sys.exit("set CONSILIENCE_DATA to the folder of the data sets")
    data = Path(os.environ["CONSILIENCE_DATA"])
    splice(data, asked.out, asked.effort)
    omics(data, asked.out, asked.effort)


if __name__ == "__main__":
    main()
