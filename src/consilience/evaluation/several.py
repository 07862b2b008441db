"""What a run with several targets found: the result of each target, and whether learning them together helped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from consilience.core.events import Event, Listener, nobody
from consilience.evaluation.comparison import Judged, compare
from consilience.evaluation.intervals import with_intervals
from consilience.evaluation.result import versions
from consilience.training.data import Data
from consilience.training.plan import Plan
from consilience.training.run import Trained, train_model

SHARED = ("split", "groups", "fusion", "networks", "parameters", "flops", "problems", "threads")
"""Parts of a target's result that are the same for all."""


def joint_result(
    plan: Plan, log_variances: Sequence[Sequence[float]], views: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The part of `metrics.json` that stands above the targets.

    Args:
        plan: of all targets. log_variances: of each network, none where the weights are fixed. views: target → its
            result, in the order of the recipe.
    """
    first = next(iter(views.values()))
    return {
        "version": 1,
        "task": "several",
        "task_reason": plan.task_reason,
        "target": list(views),
        "rows": {name: len(getattr(plan.splits, name)) for name in ("train", "valid", "test")},
        **{name: first[name] for name in SHARED if name in first},
        "balance": _balance(plan, log_variances),
        "warnings": list(plan.warnings),
        "seed": plan.recipe.seed,
        "recipe": plan.recipe.model_dump(mode="json"),
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _balance(plan: Plan, log_variances: Sequence[Sequence[float]]) -> dict[str, Any]:
    """How the losses were weighted: {"method", "weights": {target: weight, their mean 1}}."""
    task = plan.task
    learned = np.exp(-np.mean(log_variances, axis=0)) if log_variances else None
    weights = np.array(task.loss_weights) if learned is None else learned
    weights = weights / weights.mean()
    method = str(plan.recipe.target_weights) if isinstance(plan.recipe.target_weights, str) else "given"
    return {"method": method, "weights": dict(zip(task.places, weights.tolist(), strict=True))}


def compare_alone(
    plan: Plan, data: Data, trained: Trained, judged: Judged, folder: Path, listener: Listener = nobody
) -> dict[str, Any]:
    """Train one target alone on the same rows, and compare on the test rows, read once for both.

    Args:
        plan: of the target. trained: what learning together gave it. folder: holds the checkpoints.
    Returns:
        {"default", "network": a comparison each, positive = learning together is better; "alone": metrics of the
        default prediction of the model that learned this target alone}.
    """
    source, index = data.rows(plan, "test")
    alone = train_model(plan, data, folder, listener)
    ours = trained.bundle.judge(source.features, source.texts, index)
    theirs = alone.bundle.judge(source.features, source.texts, index)
    metric = plan.task.primary
    common = (judged.kind, judged.target, judged.weight, theirs.final, judged.seed)
    pairs = {"default": (ours.final, theirs.final), "network": (ours.sources["network"], theirs.sources["network"])}
    found: dict[str, Any] = {
        name: compare(judged, metric, ("learning together", a), ("learning alone", b)) for name, (a, b) in pairs.items()
    }
    return {**found, "alone": with_intervals(*common, clusters=judged.clusters)}


def judged_rows(plan: Plan, data: Data) -> Judged:
    """The test rows that know the target."""
    source, index = data.rows(plan, "test")
    clusters = plan.clusters(data.table_of("test"), index)
    return Judged(
        plan.task.kind, source.targets.target[index], source.targets.weight[index], clusters, plan.recipe.seed
    )


def events_of(events: Sequence[Event], target: str, primary: str) -> list[Event]:
    """The events of a run as a run for one target would have told them: its own validation metrics.

    Args:
        primary: the target's primary metric.
    """
    return [_event_of(event, target, primary) for event in events]


def _event_of(event: Event, target: str, primary: str) -> Event:
    if event.get("event") == "start":
        return {**event, "metric": primary}
    if "valid" not in event:
        return event
    start = f"{target}:"
    own = {name.removeprefix(start): v for name, v in event["valid"].items() if name.startswith(start)}
    return {**event, "valid": own}


def distinct(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings that several targets share, once."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for finding in findings:
        found.setdefault((finding["code"], finding["message"], tuple(finding["columns"])), finding)
    return list(found.values())
