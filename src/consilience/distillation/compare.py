"""Teacher and student side by side: how good on the same test rows, how large, how fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consilience.artifacts.run_folder import find_bundle
from consilience.core.events import Listener
from consilience.data.table import Table
from consilience.distillation.student import Voice
from consilience.evaluation.comparison import compare
from consilience.evaluation.intervals import with_intervals
from consilience.model import Model
from consilience.serving.bench import bench

BATCHES = (1, 32)
"""Rows of one call whose latency is measured."""


def compare_models(
    teacher: tuple[Model, Voice], student: Model, table: Table, listener: Listener
) -> dict[str, dict[str, Any]]:
    """{"teacher", "student": {"run", "metrics", "parameters", "networks", "bytes", "latency"}, "difference"}.

    metrics: {metric: {"value", "low", "high"}} on the table. bytes: of the bundle's files. latency: rows of a call →
    median milliseconds from raw cells to the answer. difference: student minus teacher in the primary metric (positive:
    the student is better), by a paired bootstrap; see `evaluation.comparison.compare`.
    """
    model, voice = teacher
    rows, opinion = model.opinion(table, ())
    said = opinion.final if voice == "stack" else opinion.sources["network"]
    _, own = student.opinion(table, ())
    metric = str(student.bundle.meta.get("primary") or student.bundle.task.primary)

    def measured(predictions: Any) -> dict[str, dict[str, float]]:
        return with_intervals(rows.kind, rows.target, rows.weight, predictions, rows.seed, clusters=rows.clusters)

    difference = compare(rows, metric, ("the student", own.final), ("the teacher", said))
    return {
        "teacher": {**_figures(model, table, listener), "metrics": measured(said), "voice": voice},
        "student": {**_figures(student, table, listener), "metrics": measured(own.final)},
        "difference": difference,
    }


def _figures(model: Model, table: Table, listener: Listener) -> dict[str, Any]:
    assert model.run is not None, "teacher and student are runs"
    return {
        "run": str(model.run),
        "parameters": sum(p.numel() for network in model.bundle.networks for p in network.parameters()),
        "networks": len(model.bundle.networks),
        "references": list(model.bundle.references),
        "bytes": folder_bytes(find_bundle(model.run)),
        "latency": _latency(model.run, table, listener),
    }


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _latency(run: Path, table: Table, listener: Listener) -> dict[str, float]:
    lines = bench(run, table, BATCHES, (1,), listener)
    return {str(line["batch"]): float(line["p50"]) for line in lines if line["way"] == "whole"}
