"""COVID-19 or another disease, from a chest X-ray, a record and a note: five folds of patients, masked and raw notes.

    CONSILIENCE_DATA=… python examples/medicine/run.py OUT [--effort 1] [--folds 0 1 2 3 4]

Prints one JSON object: figures of every subset of the sources on the held-out rows of all folds together, the fused
prediction against each single source, raw notes against masked ones, and what each report says. Intervals draw whole
patients.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import consilience as cs
from consilience.data.table import read_table
from consilience.evaluation.comparison import Judged, compare
from consilience.evaluation.intervals import with_intervals
from consilience.evaluation.wording import verdict

SOURCES = {
    "image": ["image"],
    "record": [
        "sex", "age", "offset_days", "temperature", "pO2_saturation",
        "leukocyte_count", "neutrophil_count", "lymphocyte_count",
    ],
    "note": ["note"],
}  # fmt: skip
NOTES = {"masked": "notes_masked", "raw": "clinical_notes"}
COVID = "(?i)covid|sars-?cov|coronavirus|ncov"
SUBSETS = [chosen for size in range(1, 4) for chosen in combinations(SOURCES, size)]
SHOWN = ("roc_auc", "pr_auc", "balanced_accuracy", "matthews", "log_loss")
FOLDS = (0, 1, 2, 3, 4)


def table(frame: pl.DataFrame, data: Path, notes: str) -> pl.DataFrame:
    """What is known before the diagnosis, and the patient. Location, date, licence, address and file name tell the
    hospital, and the outcomes come later: they are left out."""
    image = pl.format("{}/{}", pl.lit(str(data)), "image").alias("image")
    note = pl.col(NOTES[notes]).alias("note")
    return frame.select("patientid", image, *SOURCES["record"], note, "covid")


def recipe(effort: int) -> dict[str, Any]:
    return {
        "target": "covid",
        "effort": effort,
        "split": {"group": "patientid"},
        "disciplines": SOURCES,
        "columns": {"sex": "category", "note": "text"} | dict.fromkeys(SOURCES["record"][1:], "number"),
        "report": {"analyses": ["contribution"]},
        "train": {"threads": 1},
    }


def held_out(model: cs.Model, test: pl.DataFrame) -> tuple[Judged, dict[str, Any]]:
    """The held-out rows, and for every subset of the sources what is predicted with the others hidden."""
    groups = {name: [g for g in model.groups if g == name or g.startswith(f"{name} ")] for name in SOURCES}
    found: dict[str, Any] = {}
    for chosen in SUBSETS:
        hidden = [g for name in SOURCES if name not in chosen for g in groups[name]]
        rows, opinion = model.opinion(read_table(test), hidden)
        found["+".join(chosen)] = opinion.final
    return rows, found


def cross_validate(
    frame: pl.DataFrame, make: Callable[[pl.DataFrame], pl.DataFrame], out: Path, folds: tuple[int, ...], effort: int
) -> dict[str, Any]:
    """Train a model for each fold of patients on the other folds, and pool what it says of its own."""
    parts, sentences = [], {}
    for fold in folds:
        train, test = make(frame.filter(pl.col("fold5") != fold)), make(frame.filter(pl.col("fold5") == fold))
        model = cs.fit(train, recipe=recipe(effort), test=test, run=out / f"fold-{fold}")
        named = frame.filter(pl.col("fold5") == fold)["clinical_notes"].str.contains(COVID).fill_null(value=False)
        parts.append((*held_out(model, test), test["patientid"], named))
        sentences[f"fold {fold}"] = [sentence.text for sentence in verdict(model.metrics)]
    first, patients = parts[0][0], pl.concat([part[2] for part in parts])
    rows = first._replace(
        target=np.concatenate([part[0].target for part in parts]),
        weight=np.concatenate([part[0].weight for part in parts]),
        clusters=patients.rank("dense").to_numpy(),
    )
    predictions = {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}
    named = pl.concat([part[3] for part in parts]).to_numpy()
    return {"rows": rows, "predictions": predictions, "verdict": sentences, "named": named}


def figures(rows: Judged, predictions: Any) -> dict[str, list[float]]:
    """{metric: [value, low, high]}."""
    scores = with_intervals(rows.kind, rows.target, rows.weight, predictions, rows.seed, clusters=rows.clusters)
    return {name: [round(scores[name][end], 4) for end in ("value", "low", "high")] for name in SHOWN}


def against(rows: Judged, one: tuple[str, Any], other: tuple[str, Any]) -> dict[str, Any]:
    """One prediction against another on the same rows, by ROC AUC."""
    found = compare(rows, "roc_auc", one, other)
    return {"by": [round(found[end], 4) for end in ("value", "low", "high")], "verdict": found["verdict"]}


def given(frame: pl.DataFrame) -> dict[str, dict[str, float]]:
    """By class: rows, and the share of them with an age, a note, a note that names COVID-19, a note that was masked."""
    shares = frame.group_by("covid").agg(
        pl.len().alias("rows"),
        pl.col("clinical_notes").is_not_null().mean().alias("note given"),
        pl.col("clinical_notes").str.contains(COVID).fill_null(value=False).mean().alias("COVID-19 named"),
        (pl.col("clinical_notes") != pl.col("notes_masked")).fill_null(value=False).mean().alias("note masked"),
        pl.col("age").is_not_null().mean().alias("age given"),
    )
    classes = {1: "covid", 0: "other"}
    return {classes[row.pop("covid")]: {k: round(v, 3) for k, v in row.items()} for row in shares.to_dicts()}


def measure(data: Path, out: Path, effort: int = 1, folds: tuple[int, ...] = FOLDS) -> dict[str, Any]:
    """Train a model a fold with masked notes and one with raw notes; plain JSON. data: the folder covid_xray."""
    frame = pl.read_csv(data / "covid_xray.csv", infer_schema_length=None).filter(pl.col("covid").is_not_null())
    whole = "+".join(SOURCES)
    found: dict[str, Any] = {}
    runs = {}
    for notes in NOTES:
        runs[notes] = one = cross_validate(frame, partial(table, data=data, notes=notes), out / notes, folds, effort)
        rows, said = one["rows"], one["predictions"]
        found[notes] = {
            "subsets": {name: figures(rows, predictions) for name, predictions in said.items()},
            "fused against": {name: against(rows, (whole, said[whole]), (name, said[name])) for name in SOURCES},
            "verdict": one["verdict"],
        }
    rows, masked, raw = runs["masked"]["rows"], runs["masked"]["predictions"], runs["raw"]["predictions"]
    leak = {name: against(rows, ("raw", raw[name]), ("masked", masked[name])) for name in ("note", whole)}
    others = rows.target[:, 0] > 0  # all rows of other diseases, against the COVID-19 rows whose note names it
    named = rows._replace(weight=rows.weight * (runs["raw"]["named"] | others))
    leak["note, COVID-19 named"] = against(named, ("raw", raw["note"]), ("masked", masked["note"]))
    leak["note, COVID-19 named"] |= {n: figures(named, runs[n]["predictions"]["note"])["roc_auc"] for n in NOTES}
    counts = {"held out": len(rows.weight), "patients": len(np.unique(rows.clusters))}
    return {"rows": counts, "given": given(frame), **found, "raw against masked": leak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--effort", type=int, default=1)
    parser.add_argument("--folds", type=int, nargs="+", default=FOLDS, choices=FOLDS)
    asked = parser.parse_args()
    if "CONSILIENCE_DATA" not in os.environ:
        sys.exit("set CONSILIENCE_DATA to the folder of the data sets")
    data = Path(os.environ["CONSILIENCE_DATA"]) / "covid_xray"
    print(json.dumps(measure(data, asked.out, asked.effort, tuple(asked.folds)), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
