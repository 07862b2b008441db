"""Does `consilience inspect TRAIN --target Y --test TEST` find the leaks that are known in real tables, and no others?

Prints one JSON line; ends with 1 when something known is missed or a clean table is accused. Run with CONSILIENCE_DATA
set:  python benchmarks/leak_audit.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from common import data_folder, explain, installed, workspace

from consilience.evaluation.weaknesses.leaks import leak_findings

Findings = list[dict[str, Any]]


class Case(NamedTuple):
    """train, test (or None): table files; target; and what the findings must say."""

    train: Path
    target: str
    test: Path | None
    judge: Callable[[Findings], dict[str, Any]]


def inspect(case: Case) -> tuple[Findings, float]:
    """The findings, as a user gets them."""
    command = [sys.executable, "-m", "consilience", "inspect", str(case.train), "--target", case.target, "--json"]
    command += ["--test", str(case.test)] if case.test else []
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["findings"], time.perf_counter() - began


def halves(folder: Path, name: str, table: str, column: str, parts: tuple[str, str]) -> tuple[Path, Path]:
    """Two parts of a table by a column, as files; split columns are dropped and media paths made absolute."""
    source = data_folder(name)
    frame = pl.read_csv(source / table, infer_schema=False)
    if "audio" in frame.columns:
        frame = frame.with_columns(pl.lit(f"{source}/") + pl.col("audio"))
    splits = [c for c in frame.columns if c.endswith("split")]
    paths = []
    for part in parts:
        paths.append(folder / f"{name}_{part}.csv")
        frame.filter(pl.col(column) == part).drop(splits).write_csv(paths[-1])
    return paths[0], paths[1]


def across(findings: Findings, code: str, column: str | None = None) -> int:
    """Test rows that a finding says have a twin among the training rows."""
    for finding in leak_findings(findings):
        if finding["code"] == code and (column is None or column in finding["columns"]):
            return int(sum(finding["details"]["across"].values()))
    return 0


def accused(findings: Findings) -> list[str]:
    """Columns that are said to know the target."""
    return sorted(c for f in leak_findings(findings) if f["code"] == "target_leak" for c in f["columns"])


def splice(findings: Findings) -> dict[str, Any]:
    rows = across(findings, "duplicate_rows")
    return {"test_rows_in_train": rows, "right": rows == 82}


def rescuer(findings: Findings) -> dict[str, Any]:
    rows = across(findings, "group_leak", "RescuerID")
    return {"test_rows_with_a_known_rescuer": rows, "right": rows == 648}


def rating(findings: Findings) -> dict[str, Any]:
    return {"know_the_target": accused(findings), "right": accused(findings) == ["Rating"]}


def place_and_notes(findings: Findings) -> dict[str, Any]:
    found = accused(findings)
    return {"know_the_target": found, "right": {"location", "clinical_notes"} <= set(found)}


def clean(findings: Findings) -> dict[str, Any]:
    leaks = [f"{f['code']}: {f['message']}" for f in leak_findings(findings)]
    return {"leaks": leaks, "right": not leaks}


def cases(folder: Path) -> dict[str, Case]:
    mnist, women = data_folder("mnist"), data_folder("womens_ecommerce")
    spliced = halves(folder, "dna_splice", "dna_splice.csv", "statlog_order_split", ("train", "test"))
    pets = halves(folder, "petfinder_mt", "petfinder.csv", "toolkit_split", ("val", "test"))
    spoken = halves(folder, "fsdd", "fsdd.csv", "split", ("train", "test"))
    return {
        "dna_splice": Case(spliced[0], "label", spliced[1], splice),
        "petfinder_mt": Case(pets[0], "AdoptionSpeed", pets[1], rescuer),
        "womens_ecommerce": Case(women / "train.csv", "Recommended IND", women / "test.csv", rating),
        "covid_xray": Case(data_folder("covid_xray") / "covid_xray.csv", "covid", None, place_and_notes),
        "mnist": Case(mnist / "train.parquet", "label", mnist / "test.parquet", clean),
        "fsdd": Case(spoken[0], "digit", spoken[1], clean),
    }


def main() -> None:
    found: dict[str, Any] = {}
    with workspace() as folder:
        for name, case in cases(folder).items():
            findings, seconds = inspect(case)
            found[name] = {**case.judge(findings), "seconds": round(seconds, 1)}
    passed = all(case["right"] for case in found.values())
    print(json.dumps({"benchmark": "leak_audit", "passed": passed, "tables": found, "versions": installed()}))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    explain(__doc__)
    main()
