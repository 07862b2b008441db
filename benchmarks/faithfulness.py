"""Are explanations truer to the model than random ones? Deletion and insertion curves on four real tables.

    CONSILIENCE_DATA=… python benchmarks/faithfulness.py sst2 mnist fsdd rosmap womens_ecommerce
    CONSILIENCE_DATA=… python benchmarks/faithfulness.py mnist --run runs/mnist --rows 200
    CONSILIENCE_DATA=… python benchmarks/faithfulness.py sst2 --method occlusion

Must reach: better than random attributions beyond the 95 % interval, deletion and insertion, for text, image, audio and
table. One JSON line for all data sets named. --train-rows trains on a random part (for a quick look).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import data_folder, report, train, workspace
from tables import CASES, spoken_digits

from consilience.data.features import in_memory
from consilience.data.table import read_table
from consilience.explanation import attribution, faithfulness
from consilience.explanation.cells import cell_effects
from consilience.explanation.subject import explained_class, subject_of
from consilience.model import load


def tables(name: str, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """Training and test rows, and the target."""
    data = data_folder(name)
    if name == "sst2":
        frame = pl.read_csv(data / "sst2.csv")
        return frame.filter(pl.col("split") == "train"), frame.filter(pl.col("split") == "test"), "label"
    if name == "mnist":
        return pl.read_parquet(data / "train.parquet"), pl.read_parquet(data / "test.parquet"), "label"
    laid = spoken_digits(data, folder) if name == "fsdd" else CASES[name].lay(data, folder)
    target = "digit" if name == "fsdd" else CASES[name].target
    return read_table(laid["train"]).frame, read_table(laid["test"]).frame, target


def measured(name: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    learned, held, target = tables(name, folder)
    learned, held = (part.drop("split", strict=False) for part in (learned, held))
    run, seconds = given.run, 0.0
    if run is None:
        run = folder / name
        if given.train_rows and learned.height > given.train_rows:
            learned = learned.sample(given.train_rows, seed=given.seed)
        learned.write_parquet(folder / f"{name}-train.parquet")
        held.write_parquet(folder / f"{name}-test.parquet")
        options = ["--test", str(folder / f"{name}-test.parquet"), "--seed", str(given.seed)]
        if given.effort:
            options += ["--effort", str(given.effort)]
        result, seconds = train(run, folder / f"{name}-train.parquet", target, *options)
        print(name, result["seconds"], file=sys.stderr)
    bundle = load(run).bundle
    adapted, _ = bundle.adapt(read_table(held.sample(min(given.rows, held.height), seed=given.seed)))
    features = in_memory(adapted, bundle.facts["groups"], bundle.recipe.prepare)
    subject = subject_of(bundle, features, bundle.texts(adapted), np.arange(features.rows, dtype=np.int64))
    classes = explained_class(bundle, subject.predict())
    began = time.perf_counter()
    effects = cell_effects(subject, classes, None)
    found = faithfulness.faithfulness(subject, faithfulness.Asked(classes, effects, None, given.seed))
    return {"trained_seconds": round(seconds, 1), "explained_seconds": time.perf_counter() - began, "found": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--run", type=Path, help="a trained run (one data set only)")
    parser.add_argument("--rows", type=int, default=150)
    parser.add_argument("--train-rows", type=int)
    parser.add_argument("--effort", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--method", choices=("integrated gradients", "occlusion"), help="for words, regions, moments")
    given = parser.parse_args()
    if given.method:
        attribution.DEFAULT_METHOD = given.method
    with workspace() as folder:
        found = {name: measured(name, given, folder) for name in given.names}
    verdicts = [one["verdict"] for data in found.values() for one in data["found"]]
    report("faithfulness", rows=given.rows, tables=found, reached=all(v == "better" for v in verdicts))


if __name__ == "__main__":
    main()
