"""Earlier test blocks, each forecast by a model that was trained on the steps before it only (rolling origin; Tashman
2000): how the recipe does from one stretch of time to the next, not only in the last one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consilience.artifacts.bundle import Opinion
from consilience.core.errors import InputError
from consilience.core.events import Event, Listener
from consilience.data.walk_blocks import Block, Walk
from consilience.evaluation.comparison import Judged
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import with_intervals
from consilience.evaluation.judged_rows import judged_rows
from consilience.evaluation.judgement import FEWER, best_single
from consilience.tasks.metrics import HIGHER_IS_BETTER
from consilience.training.data import prepare_data
from consilience.training.plan import Given, make_plan
from consilience.training.run import train_model

Array = np.ndarray[Any, Any]
WHO = ("default", "network", "baseline")


def walk_forward(walk: Walk, evidence: Evidence, folder: Path, listener: Listener) -> dict[str, Any]:
    """Train and judge the recipe again for every earlier block; the run's own test steps are the last block.

    Args:
        evidence: of the run itself. folder: holds the checkpoints, so that a killed evaluation resumes.
    Returns:
        {"metric", "blocks": [{"from", "to", "until", and either "rows" (windows), "default", "network", "baseline"
        (its "name" too) and "coverage", each {value, low, high}, or "failed": why}], "mean": {who: {value, low, high}
        over the blocks}, "difference": {"default", "network": the same of how much better than each block's best
        baseline}}. Errors are in standard deviations of the steps that each block's model was trained on.
    """
    rows = []
    for number, block in enumerate(walk.blocks, 1):
        row: dict[str, Any] = {"from": block.first, "to": block.last, "until": block.until}
        if not block.tables:
            rows.append({**row, **_judged(evidence.opinion, evidence.judged, evidence.primary)})
            continue
        name = f"walk forward, block {number} of {len(walk.blocks) - 1}"
        listener({"event": "stage", "name": f"{name}: {block.first} to {block.last}"})
        try:
            rows.append({**row, **_again(walk, block, evidence.primary, (folder / f"block{number}", name, listener))})
        except InputError as reason:  # an early stretch may lack a column: the others still say something
            listener({"event": "warning", "code": "walk_forward", "message": f"{name}: {reason}"})
            rows.append({**row, "failed": str(reason)})
    return {"metric": evidence.primary, "blocks": rows, **_over_blocks(rows, evidence.primary)}


def _again(walk: Walk, block: Block, metric: str, where: tuple[Path, str, Listener]) -> dict[str, Any]:
    """Plan, train and judge one block."""
    folder, name, listener = where
    told = _Told(name, listener)
    plan = make_plan(walk.recipe, Given(*(block.tables[part] for part in ("train", "valid", "test"))), told)
    data = prepare_data(plan, told)
    bundle = train_model(plan, data, folder, told).bundle
    source, index = data.rows(plan, "test")
    return _judged(bundle.judge(source.features, source.texts, index), judged_rows(plan, data), metric)


class _Told:
    """What a training says as one progress bar of its own: its curves are not those of the run's network."""

    def __init__(self, name: str, listener: Listener) -> None:
        self.name, self.listener, self.steps = name, listener, 1

    def __call__(self, event: Event) -> None:
        kind = event["event"]
        if kind == "warning":
            self.listener({**event, "message": f"{self.name}: {event['message']}"})
        elif kind == "start":
            self.steps = max(int(event["steps"]), 1)
            self._at(int(event["step"]))
        elif kind == "step":
            self._at(int(event["step"]))
        elif kind == "end":
            self._at(self.steps)

    def _at(self, step: int) -> None:
        self.listener({"event": "progress", "name": self.name, "done": step, "total": self.steps})


def _judged(opinion: Opinion, rows: Judged, metric: str) -> dict[str, Any]:
    """Default prediction, network and the baseline that is best on these very rows."""

    def measured(predictions: Array) -> dict[str, dict[str, float]]:
        common = (rows.kind, rows.target, rows.weight, predictions, rows.seed)
        return with_intervals(*common, resamples=FEWER, clusters=rows.clusters)

    default = measured(opinion.final)
    found: dict[str, Any] = {
        "rows": len(rows.target),
        "default": default[metric],
        "network": measured(opinion.sources["network"])[metric],
        "coverage": default["coverage"],
    }
    references = {name: said for name, said in opinion.sources.items() if name != "network"}
    if references:
        best = best_single(references, rows, metric)
        found["baseline"] = {"name": best, **measured(references[best])[metric]}
    return found


def _over_blocks(rows: Sequence[Mapping[str, Any]], metric: str) -> dict[str, Any]:
    """The means over the blocks that were judged."""
    known = [row for row in rows if "failed" not in row]
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    values = {who: [row[who]["value"] for row in known] for who in WHO if all(who in row for row in known)}
    gaps = {
        who: mean_interval([sign * (a - b) for a, b in zip(values[who], values["baseline"], strict=True)])
        for who in ("default", "network")
        if "baseline" in values
    }
    return {"mean": {who: mean_interval(each) for who, each in values.items()}, "difference": gaps}


def mean_interval(values: Sequence[float]) -> dict[str, float]:
    """{"value", "low", "high"}: the mean and its 95 % interval by Student's t, NaN ends for a single value. A bootstrap
    of two or three blocks would claim far too much."""
    from scipy import stats

    count, mean = len(values), float(np.mean(values))
    if count < 2:
        return {"value": mean, "low": math.nan, "high": math.nan}
    half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / math.sqrt(count))
    return {"value": mean, "low": mean - half, "high": mean + half}
