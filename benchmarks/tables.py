"""Real tables through `consilience train` at the default effort, beside the figures to reach.

    CONSILIENCE_DATA=… python benchmarks/tables.py womens_ecommerce
    CONSILIENCE_DATA=… python benchmarks/tables.py all

One JSON line a table: metrics with intervals of the default prediction, the network and the references.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from common import data_folder, report, short, train, workspace


class Case(NamedTuple):
    """How a data set is laid out as files, what to type, and what to reach: metric → least value."""

    lay: Callable[[Path, Path], dict[str, Path]]
    target: str
    metrics: tuple[str, ...]
    least: dict[str, float]
    options: tuple[str, ...] = ()
    most_seconds: float | None = None


def by_split(file: str, keep: list[str] | None = None, separator: str = ",") -> Any:
    """Files train, valid (when there is one) and test from a column `split`, written beside the data set's media."""

    def lay(data: Path, folder: Path) -> dict[str, Path]:
        frame = pl.read_csv(data / file, infer_schema=False, separator=separator)
        names = {"train": "train", "valid": "valid", "dev": "valid", "validation": "valid", "test": "test"}
        found: dict[str, Path] = {}
        for value in frame["split"].unique().to_list():
            part = frame.filter(pl.col("split") == value).drop("split")
            part = part.select(keep) if keep else part
            found[names[value]] = write(part, folder / f"{names[value]}.csv")
        return found

    return lay


def write(frame: pl.DataFrame, path: Path) -> Path:
    frame.write_csv(path)
    return path


def files(suffix: str = "csv") -> Any:
    def lay(data: Path, folder: Path) -> dict[str, Path]:
        names = {n: data / f"{n}.{suffix}" for n in ("train", "valid", "test")}
        return {n: p for n, p in names.items() if p.exists()}

    return lay


def built_avmnist(data: Path, folder: Path) -> dict[str, Path]:
    subprocess.run([sys.executable, str(data / "make.py"), "--out", str(folder)], check=True, stdout=sys.stderr)
    keep = ["image", "audio", "label"]
    for path in folder.glob("*.parquet"):
        pl.read_parquet(path).select(keep).write_parquet(path)
    return {n: folder / f"{n}.parquet" for n in ("train", "valid", "test")}


def spoken_digits(data: Path, folder: Path) -> dict[str, Path]:
    """Official split; the recording only, by absolute path."""
    frame = pl.read_csv(data / "fsdd.csv").with_columns(pl.lit(f"{data}/").add(pl.col("audio")).alias("audio"))
    return {
        name: write(frame.filter(pl.col("split") == name).select("audio", "digit"), folder / f"{name}.csv")
        for name in ("train", "test")
    }


def chest(data: Path, folder: Path) -> dict[str, Path]:
    """Patient-disjoint fold 0 as test; image, record and notes without disease words; never place or source."""
    frame = pl.read_csv(data / "covid_xray.csv", infer_schema=False)
    frame = frame.filter(pl.col("covid").is_not_null() & (pl.col("covid") != ""))
    frame = frame.with_columns(pl.lit(f"{data}/").add(pl.col("image")).alias("image"))
    keep = ["image", "patientid", "offset_days", "sex", "age", "view", "temperature", "pO2_saturation"]
    keep += ["leukocyte_count", "neutrophil_count", "lymphocyte_count", "notes_masked", "covid"]
    test = pl.col("fold5") == "0"
    return {
        "train": write(frame.filter(~test).select(keep), folder / "train.csv"),
        "test": write(frame.filter(test).select(keep), folder / "test.csv"),
    }


def omics(data: Path, folder: Path) -> dict[str, Path]:
    frame = pl.read_parquet(data / "rosmap.parquet")
    return {
        name: write(frame.filter(pl.col("split") == name).drop("split"), folder / f"{name}.csv")
        for name in ("train", "test")
    }


BINARY = ("accuracy", "roc_auc", "f1_macro", "log_loss")
CLASSES = ("accuracy", "f1_macro", "log_loss")
CASES = {
    "avmnist": Case(built_avmnist, "label", CLASSES, {}),
    "fsdd": Case(spoken_digits, "digit", CLASSES, {"accuracy": 0.98}),
    "womens_ecommerce": Case(
        files(),
        "Recommended IND",
        BINARY,
        {"roc_auc": 0.949},
        ("--ignore", "Rating,Clothing ID,Positive Feedback Count"),
        120,
    ),
    "sst2": Case(by_split("sst2.csv"), "label", BINARY, {"accuracy": 0.83}),
    "chnsenticorp": Case(by_split("chnsenticorp.csv"), "label", BINARY, {"accuracy": 0.90}),
    "csl": Case(by_split("csl.csv.gz", ["title", "category"]), "category", CLASSES, {"accuracy": 0.79}),
    "rosmap": Case(omics, "label", BINARY, {"accuracy": 0.81, "roc_auc": 0.90}),
    "petfinder_mt": Case(
        by_split("petfinder.csv"),
        "AdoptionSpeed",
        CLASSES,
        {},
        ("--ignore", "toolkit_split,PetID", "--set", "split.group=RescuerID"),
    ),
    "covid_xray": Case(chest, "covid", BINARY, {}, ("--set", "split.group=patientid")),
}


def measure(name: str, seed: int, effort: int | None) -> None:
    case = CASES[name]
    with workspace() as folder:
        tables = case.lay(data_folder(name), folder)
        options = [*case.options, "--seed", str(seed)]
        options += ["--effort", str(effort)] if effort else []
        for role in ("valid", "test"):
            if role in tables:
                options += [f"--{role}", str(tables[role])]
        metrics, seconds = train(folder / "run", tables["train"], case.target, *options)
        subsets = _subsets(folder / "run", tables["test"], metrics) if name == "avmnist" else None
    reached = {m: metrics["test"][m]["value"] >= least for m, least in case.least.items()}
    if case.most_seconds:
        reached["seconds"] = seconds <= case.most_seconds
    report(
        f"tables/{name}",
        **short(metrics, *case.metrics),
        comparison={k: v["sentence"] for k, v in metrics["comparison"].items()},
        must_reach=case.least,
        reached=reached,
        subsets=subsets,
        seconds={**metrics["seconds"], "command": seconds},
        rows=metrics["rows"],
        parameters=metrics["parameters"],
        fusion=metrics["fusion"],
        seed=metrics["seed"],
        threads=metrics["threads"],
    )


def _subsets(run: Path, test: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """Accuracy of every subset of groups, the others masked: network and stack as the default prediction."""
    from itertools import combinations

    import consilience as cs

    model = cs.load(run)
    groups = model.groups
    return {
        "+".join(chosen): model.evaluate(test, hidden=[g for g in groups if g not in chosen])["accuracy"]
        for size in range(1, len(groups) + 1)
        for chosen in combinations(groups, size)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*CASES, "all"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", type=int)
    given = parser.parse_args()
    for each in CASES if given.name == "all" else [given.name]:
        measure(each, given.seed, given.effort)
