"""What the report claims, checked: verdicts on tables of known truth, and trust figures on real tables.

    python benchmarks/trust.py truths [--seeds 5]
    CONSILIENCE_DATA=… python benchmarks/trust.py tables [avmnist womens_ecommerce …]

`truths` must find: all synergy in an exclusive or, all redundancy in a copied column, nothing in a column of noise,
with Shapley shares within 0.05 of the known ones, for the stack and for the network alone. `tables` prints for each:
verdict with interval, the default against the linear reference, coverage at 90 % overall and for each pattern of
sources, the expected calibration error, the time of evaluation as a share of training, and the report's size.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import data_folder, report, train, workspace
from tables import CASES as BENCHMARKED
from tables import CLASSES, Case, files

ROWS = 20_000
QUICK = ("--set", "train.epochs=4", "--set", "report.analyses=[contribution]")
"""Tables of known truth are learned soon."""
TABLES = ("avmnist", "womens_ecommerce", "rosmap", "covid_xray", "petfinder_mt", "mnist", "chnsenticorp")
CASES = {**BENCHMARKED, "mnist": Case(files("parquet"), "label", CLASSES, {})}
PREFIXED = ("rosmap",)
"""Tables of one modality whose columns' prefixes name the disciplines (mrna:, meth:, mirna:)."""
MOST_SHARE, MOST_ECE, MOST_BYTES, MOST_MISS = 0.25, 0.03, 3_000_000, 0.05


def exclusive_or(seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 2, ROWS), random.integers(0, 2, ROWS)
    noise = random.normal(size=ROWS)
    return pl.DataFrame(
        {"a": np.where(a, "p", "q"), "b": np.where(b, "u", "v"), "c": noise, "y": np.where(a ^ b, "yes", "no")}
    )


def copied(seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    a = random.normal(size=ROWS)
    y = a + 0.7 * random.normal(size=ROWS) > 0
    return pl.DataFrame({"a": a, "b": 2 * a + 1, "c": random.normal(size=ROWS), "y": np.where(y, "yes", "no")})


def noise(seed: int) -> pl.DataFrame:
    frame = copied(seed)
    return frame.with_columns(pl.Series("b", np.random.default_rng(seed + 999).normal(size=ROWS))).drop("c")


TRUTHS: dict[str, tuple[Callable[[int], pl.DataFrame], str, dict[str, float]]] = {
    "exclusive_or": (exclusive_or, "helps", {"a": 0.5, "b": 0.5, "c": 0.0}),
    "copied": (copied, "no evidence", {"a": 0.5, "b": 0.5, "c": 0.0}),
    "noise": (noise, "no evidence", {"a": 1.0, "b": 0.0}),
}


def truths(seeds: int) -> None:
    found: dict[str, Any] = {}
    for name, (make, verdict, shares) in TRUTHS.items():
        runs = [truth(make(seed), seed, list(shares)) for seed in range(seeds)]
        miss = max(abs(run[who]["shares"][c] - known) for run in runs for who in run for c, known in shares.items())
        verdicts = [run[who]["verdict"] for run in runs for who in run]
        found[name] = {"must": verdict, "verdicts": verdicts, "largest_share_error": round(miss, 4), "runs": runs}
        found[name]["reached"] = set(verdicts) == {verdict} and miss <= MOST_MISS
    report("trust_truths", rows=ROWS, seeds=seeds, truths=found, reached=all(f["reached"] for f in found.values()))


def truth(frame: pl.DataFrame, seed: int, columns: list[str]) -> dict[str, Any]:
    """{"stack" and "network": {"verdict", "shares", "synergy"}} of one run, every column a discipline."""
    with workspace() as folder:
        frame.write_csv(folder / "table.csv")
        disciplines = json.dumps({c: [c] for c in columns})
        options = ("--seed", str(seed), "--set", f"disciplines={disciplines}", *QUICK, "--quiet")
        metrics, _ = train(folder / "run", folder / "table.csv", "y", *options)
    said = metrics["contribution"]
    return {
        who: {
            "verdict": part["verdict"],
            "shares": {name: part["shares"][name]["value"] for name in columns},
            "synergy": part["synergy"],
        }
        for who, part in (("stack", said), ("network", said.get("network", said)))
    }


def tables(names: list[str]) -> None:
    for name in names:
        with workspace() as folder:
            report("trust_table", data=name, **table(name, CASES[name], folder), seed=0)


def table(name: str, case: Case, folder: Path) -> dict[str, Any]:
    laid = case.lay(data_folder(name), folder)
    options = [part for role in ("valid", "test") if role in laid for part in (f"--{role}", str(laid[role]))]
    if name in PREFIXED:
        options += ["--recipe", str(by_prefix(laid["train"], case.target, folder / "recipe.json"))]
    metrics, seconds = train(folder / "run", laid["train"], case.target, *options, *case.options, "--quiet")
    spent, size = metrics["seconds"], (folder / "run" / "report.html").stat().st_size
    share = spent["evaluate"] / spent["train"]
    found: dict[str, Any] = {
        "seconds": round(seconds, 1),
        "scores": scores(metrics, case.metrics),
        "evaluate_share": round(share, 3),
        "report_bytes": size,
        "verdict": said(metrics["contribution"]),
        "default_vs_linear": metrics["comparison"]["default_linear"]["verdict"],
        "coverage": coverage(metrics["coverage"], metrics["rows"]["test"]),
        "calibration": calibration(metrics["calibration"]),
        "leaks": [f["code"] for f in metrics["findings"] if "leak" in f["code"]],
    }
    found["reached"] = {
        "evaluate_share": share <= MOST_SHARE,
        "report_size": size <= MOST_BYTES,
        "not_below_linear": found["default_vs_linear"] != "worse",
        "coverage": all(p["kept"] for p in found["coverage"]),
        "ece": found["calibration"] is None or found["calibration"]["ece"]["value"] <= MOST_ECE,
    }
    return found


def scores(metrics: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    """The benchmark's metrics of everything that predicted."""
    every = {"default": metrics["test"], "network": metrics["network"], **metrics["references"], **metrics["alone"]}
    return {name: {m: {k: round(v, 4) for k, v in found[m].items()} for m in wanted} for name, found in every.items()}


def by_prefix(table: Path, target: str, recipe: Path) -> Path:
    """A recipe whose disciplines are the parts of the columns' names before the colon."""
    disciplines: dict[str, list[str]] = {}
    for column in pl.read_csv(table, n_rows=1).columns:
        if column != target:
            disciplines.setdefault(column.split(":")[0], []).append(column)
    recipe.write_text(json.dumps({"disciplines": disciplines}), encoding="utf-8")
    return recipe


def said(contribution: dict[str, Any]) -> Any:
    if "not_applicable" in contribution:
        return contribution["not_applicable"]
    return {
        who: {k: part[k] for k in ("verdict", "sentence", "synergy", "per_member")}
        for who, part in (("stack", contribution), ("network", contribution.get("network", contribution)))
    }


def coverage(found: dict[str, Any], rows: int) -> list[dict[str, Any]]:
    """Overall and by pattern: within 2 points where there are 500 rows, else inside the binomial interval."""
    level = found["level"]
    parts = [{"present": "as given", "rows": rows, "coverage": found["overall"]["coverage"]}, *found["patterns"]]
    return [
        {
            "present": part["present"],
            "rows": part["rows"],
            **{k: round(v, 4) for k, v in part["coverage"].items()},
            "kept": abs(part["coverage"]["value"] - level) <= 0.02
            if part["rows"] >= 500
            else part["coverage"]["low"] <= level <= part["coverage"]["high"],
        }
        for part in parts
    ]


def calibration(found: dict[str, Any]) -> dict[str, Any] | None:
    if "not_applicable" in found:
        return None
    chance = found["after"]["by_chance"]
    return {"method": found["method"], "ece": found["ece"], "before": found["ece_before"], "by_chance": chance}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("truths", "tables"))
    parser.add_argument("names", nargs="*", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    if unknown := set(given.names) - set(CASES):
        sys.exit(f"no such table: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if given.what == "truths":
        truths(given.seeds)
    else:
        tables(given.names or list(TABLES))


if __name__ == "__main__":
    main()
