"""The whole result of a run as one plain dictionary: what `metrics.json`, the report and the terminal say."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from consilience.core.events import Listener, nobody
from consilience.data.findings import Finding
from consilience.evaluation.analysis import measure_all
from consilience.evaluation.contribution.retrain import retrained
from consilience.evaluation.evidence import FEW, Chosen, Evidence, Rows
from consilience.evaluation.forecasting.walk_forward import walk_forward
from consilience.evaluation.judged_rows import judged_rows
from consilience.evaluation.judgement import judge, prior_predictions
from consilience.training.data import Data, problem_dict
from consilience.training.plan import Plan
from consilience.training.rules import masks_of
from consilience.training.run import Trained

LIBRARIES = (
    "consilience",
    "numpy",
    "polars",
    "pyarrow",
    "scikit-learn",
    "lightgbm",
    "torch",
    "lightning-fabric",
    "opencv-python-headless",
    "soundfile",
    "soxr",
    "tokenizers",
)


def evaluate_run(plan: Plan, data: Data, trained: Trained, folder: Path, listener: Listener = nobody) -> dict[str, Any]:
    """Read the test rows once and measure everything on them; see `evaluation.judgement.judge` and `analysis`.

    Args:
        folder: holds the checkpoints of models that are trained for comparison (`report.retrain`).
    """
    evidence = gather_evidence(plan, data, trained, listener)
    bundle, opinion, rows = evidence.bundle, evidence.opinion, evidence.judged
    found = judge(bundle, opinion, rows, prior_predictions(bundle, len(rows.target)))
    if not len(rows.target):
        return found
    found |= measure_all(evidence, listener)
    if plan.recipe.report.retrain and "subsets" in found.get("contribution", {}):
        found["contribution"]["retrained"] = retrained(plan, data, evidence, folder, listener)
    if plan.walk is not None:
        found["walk_forward"] = walk_forward(plan.walk, evidence, folder, listener)
    return found


def gather_evidence(plan: Plan, data: Data, trained: Trained, listener: Listener = nobody) -> Evidence:
    """The test rows of a run, what the model says of them, and the rows that it learned from and was chosen on."""
    bundle = trained.bundle
    source, index = data.rows(plan, "test")
    masks = masks_of(plan.recipe) if len(index) <= FEW else [frozenset[str]()]
    opinion, *masked = bundle.judge_masks(source.features, source.texts, index, masks)  # rows are encoded once
    judged = judged_rows(plan, data)
    frame = plan.tables[data.table_of("test")].frame
    test = Rows(source.features, source.texts, index, frame[index])
    learned, train = data.rows(plan, "train")
    rows = Rows(learned.features, learned.texts, train, plan.tables["train"].frame[train])
    known = dict(zip(masks[1:], masked, strict=True))
    return Evidence(bundle, test, judged, opinion, _chosen(plan, data, trained), rows, listener, known)


def _chosen(plan: Plan, data: Data, trained: Trained) -> Chosen:
    heard = trained.heard
    raw, final = trained.bundle.rules.apply(heard.sources, heard.has)
    source, index = trained.valid
    table = next(name for name, known in data.sources.items() if known is source)
    rows = Rows(source.features, source.texts, index, plan.tables[table].frame[index])
    return Chosen(final, raw, heard.target, heard.weight, heard.has, rows, table)


def describe_run(plan: Plan, data: Data, trained: Trained, network: dict[str, Any]) -> dict[str, Any]:
    """The described part of `metrics.json`: task, rows, split, network, repairs, recipe, versions."""
    bundle = trained.bundle
    return {
        "version": 1,
        "task": plan.task.kind,
        "task_reason": plan.task_reason,
        "primary": plan.task.primary,
        "target": plan.target,
        "classes": plan.facts["task"].get("classes"),
        "rows": trained.rows,
        "split": {
            "method": plan.splits.method,
            "sentence": plan.splits.sentence,
            "folds": len(plan.folds) or 1,
        },
        "groups": network["groups"],
        "fusion": ", ".join(dict.fromkeys(n.fusion_name for n in bundle.networks)),
        "networks": len(bundle.networks),
        "parameters": network["parameters"] * len(bundle.networks),
        "flops": network["flops"] * len(bundle.networks),
        "problems": [problem_dict(table, p) for table, p in data.problems],
        "ignored": {c.name: c.reason for c in plan.schema.columns if c.modality == "ignore"},
        "warnings": list(plan.warnings),
        "seed": plan.recipe.seed,
        "recipe": plan.recipe.model_dump(mode="json"),
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def finding_dicts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "code": f.code,
            "severity": f.severity,
            "title": f.title,
            "message": f.message,
            "columns": list(f.columns),
            "rows": list(f.rows),
            "details": f.details,
        }
        for f in findings
    ]


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the figures depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
