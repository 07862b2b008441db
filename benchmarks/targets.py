"""Several targets in one network: equal against learned weights of the losses, and both against a network a target.

    CONSILIENCE_DATA=… python benchmarks/targets.py [NAME ...] [--seeds 3] [--rows 3000] [--effort 1]

Networks only (no references, no stack), each target on validation rows (which choose the default) and on test rows.
Prints one JSON line: by data set, target and way the primary metric of each seed (a root mean squared error as R²).
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from common import data_folder, report

from consilience.core.recipe import make_recipe
from consilience.data.table import Table, read_table
from consilience.tasks.metrics import scores
from consilience.training.data import prepare_data
from consilience.training.plan import Given
from consilience.training.plan_several import Plans, make_plans
from consilience.training.run import Trained, train_model
from consilience.training.run_several import data_of, train_together


class Set(NamedTuple):
    """A table, its targets and what else the recipe says. No column of `ignore` is evidence."""

    table: str
    targets: tuple[str, ...]
    ignore: tuple[str, ...]
    group: str | None = None


SETS = {
    "womens_ecommerce": Set(
        "train.csv", ("Recommended IND", "Rating", "Department Name"), ("Class Name", "Clothing ID")
    ),
    "fsdd": Set("fsdd.csv", ("digit", "speaker"), ("index", "gender", "accent", "seconds", "sample_rate", "split")),
    "covid_xray": Set(
        "covid_xray.csv",
        ("covid", "view", "age"),
        ("location", "url", "source_file", "license", "date", "finding", "survival", "intubated", "went_icu",
         "needed_supplemental_O2", "lung_boxes", "clinical_notes", "split", "fold5", "offset_days"),
        "patientid",
    ),
    "petfinder_mt": Set(
        "petfinder.csv", ("AdoptionSpeed", "PhotoAmt", "Sterilized"), ("toolkit_split", "split", "PetID"), "RescuerID"
    ),
}  # fmt: skip
WAYS = ("alone", "equal", "learned")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--effort", type=int, default=1)
    given = parser.parse_args()
    found = {name: of_set(name, given.seeds, given.rows, given.effort) for name in given.names}
    report(
        "targets",
        what="networks that learn several targets, by weights of the losses, against a network a target",
        effort=given.effort,
        seeds=given.seeds,
        sets=found,
        processor_seconds=round(resource.getrusage(resource.RUSAGE_SELF).ru_utime, 1),
    )


def of_set(name: str, seeds: int, rows: int, effort: int) -> dict[str, Any]:
    """{"rows", target: {"valid", "test": {way: [a figure a seed]}}}."""
    about = SETS[name]
    table = read_table(data_folder(name) / about.table).spread(rows)
    measured: dict[str, list[dict[str, dict[str, float]]]] = {way: [] for way in WAYS}
    for seed in range(seeds):
        for way, told in of_seed(table, about, seed, effort).items():
            measured[way].append(told)
        print(name, seed, {w: m[-1] for w, m in measured.items()}, file=sys.stderr, flush=True)
    found: dict[str, Any] = {"rows": table.rows}
    for target in about.targets:
        found[target] = {
            part: {way: [told[target][part] for told in measured[way]] for way in WAYS} for part in ("valid", "test")
        }
    return found


def of_seed(table: Table, about: Set, seed: int, effort: int) -> dict[str, dict[str, dict[str, float]]]:
    """Way → target → {"valid", "test"}: the primary metric, larger is better (a root mean squared error as R²)."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for way in WAYS:
        values = {
            "target": list(about.targets),
            "ignore": [c for c in about.ignore if c in table.frame.columns],
            "seed": seed,
            "effort": effort,
            "references": [],
            "stack": False,
            "target_weights": "learned" if way == "learned" else "equal",
            "split": {"group": about.group} if about.group else {},
            "prepare": {"unreadable": "missing"},
        }
        plans = make_plans(make_recipe(values), Given(table))
        data = prepare_data(plans.joint)
        with tempfile.TemporaryDirectory() as folder:
            if way == "alone":
                trained = {
                    target: train_model(plan, data_of(plans, data, target), Path(folder) / str(number))
                    for number, (target, plan) in enumerate(plans.views.items())
                }
            else:
                trained = train_together(plans, data, Path(folder)).views
        found[way] = {target: _merits(plans, data, target, one) for target, one in trained.items()}
    return found


def _merits(plans: Plans, data: Any, target: str, trained: Trained) -> dict[str, float]:
    plan, own = plans.views[target], data_of(plans, data, target)
    source, index = own.rows(plan, "test")
    said = trained.bundle.judge(source.features, source.texts, index).sources["network"]
    metric = "r2" if plan.task.kind == "regression" else plan.task.primary
    heard = trained.heard
    valid = scores(plan.task.kind, heard.target, heard.weight, heard.sources["network"])[metric]
    test = scores(plan.task.kind, source.targets.target[index], source.targets.weight[index], said)[metric]
    return {"valid": round(valid, 4), "test": round(test, 4)}


if __name__ == "__main__":
    main()
