"""The named networks on a small part of MNIST: parameters, seconds and accuracy of each, through the public API.

Seconds are those of the whole call (preparation, training, evaluation; no analyses).

    CONSILIENCE_DATA=… python benchmarks/networks.py [NAME …] [--rows 5000] [--epochs 5] [--markdown]

All image networks of the table when no name is given; one JSON line each, or the rows of the table in docs/networks.md.
Digits of 28 pixels are small for these networks: a figure says that a network learns, not how good it can be.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
from common import data_folder, report, workspace

import consilience as cs
from consilience.core.presets import PRESETS

TEST_ROWS = 2_000
HEAD = "| name | parameters, M | input, pixels | seconds | accuracy (95 % interval) | published in |"
RULE = "|---|---|---|---|---|---|"


def names() -> list[str]:
    return [n for n, p in PRESETS["encoder"].items() if p.component == "image_network" and "model" in p.options]


def measure(name: str, tables: tuple[pl.DataFrame, pl.DataFrame], given: argparse.Namespace, folder: Path) -> Any:
    """Figures of one network: no reference, no stack, so that it alone predicts."""
    train, test = tables
    settings = [f"encoders.image.type={name}", f"train.epochs={given.epochs}", "train.networks=1", "references=[]"]
    settings.append("report.analyses=[]")
    began = time.perf_counter()
    model = cs.fit(
        train,
        "label",
        test=test,
        run=folder / name,
        seed=given.seed,
        stack=False,
        settings=settings,
        effort=given.effort,
    )
    seconds = time.perf_counter() - began
    facts = model.bundle.facts["groups"]["image"]
    encoder = model.bundle.networks[0].encoders["0_image"]
    accuracy = model.evaluate(test)["accuracy"]
    return {
        "network": name,
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "input": facts.get("network", {}).get("input", [facts["height"], facts["width"]]),
        "seconds": seconds,
        "accuracy": [accuracy[key] for key in ("value", "low", "high")],
    }


def row(figures: dict[str, Any]) -> str:
    value, low, high = figures["accuracy"]
    size, millions = " × ".join(map(str, figures["input"])), figures["parameters"] / 1e6
    paper = PRESETS["encoder"][figures["network"]].line
    shown = f"{value:.3f} ({low:.3f} to {high:.3f})"
    return f"| {figures['network']} | {millions:.2f} | {size} | {figures['seconds']:.0f} | {shown} | {paper} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rows", type=int, default=5_000, help="training rows, validation among them")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="print rows of the table in docs/networks.md")
    given = parser.parse_args()
    data = data_folder("mnist")
    train = pl.read_parquet(data / "train.parquet").sample(given.rows, seed=given.seed, shuffle=True)
    test = pl.read_parquet(data / "test.parquet").sample(TEST_ROWS, seed=given.seed, shuffle=True)
    if given.markdown:
        print(HEAD, RULE, sep="\n")
    for name in given.names or names():
        with workspace() as folder:
            figures = measure(name, (train, test), given, folder)
        if given.markdown:
            print(row(figures), flush=True)
        else:
            report("networks", **figures, rows=given.rows, epochs=given.epochs, seed=given.seed)
        print(f"{name}: {figures['accuracy'][0]:.3f}", file=sys.stderr)


if __name__ == "__main__":
    main()
