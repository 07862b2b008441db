"""The check on masking: models trained from the start with some of the disciplines only, on the same test rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from consilience.artifacts.rules import subsets
from consilience.core.events import Listener
from consilience.evaluation.evidence import Evidence
from consilience.evaluation.intervals import difference, with_intervals
from consilience.training.data import Data
from consilience.training.plan import Plan
from consilience.training.subset import train_subset


def retrained(plan: Plan, data: Data, evidence: Evidence, folder: Path, listener: Listener) -> list[dict[str, Any]]:
    """[{"groups", METRIC: {value, low, high}, "difference": all minus this, "verdict"}] for each discipline alone and
    for all but one, best first.

    Args:
        folder: holds the checkpoints, so that a killed check resumes.
    """
    names = list(evidence.disciplines)
    chosen = [s for s in subsets(names) if len(s) in (1, len(names) - 1)]
    found = []
    for done, subset in enumerate(chosen):
        listener({"event": "stage", "name": f"retrain {done + 1} of {len(chosen)}: {' + '.join(subset)}"})
        found.append(_judged(plan, data, evidence, subset, folder, listener))
    return sorted(found, key=lambda row: float(row["difference"]["value"]))


def _judged(
    plan: Plan, data: Data, evidence: Evidence, subset: tuple[str, ...], folder: Path, listener: Listener
) -> dict[str, Any]:
    trained = train_subset(plan, data, subset, folder, listener)
    said = trained.bundle.judge(evidence.test.features, evidence.test.texts, evidence.test.index).final
    rows, metric = evidence.judged, evidence.primary
    common = (rows.kind, metric, rows.target, rows.weight)
    gap = difference(*common, evidence.opinion.final, said, rows.seed, clusters=rows.clusters)
    score = with_intervals(rows.kind, rows.target, rows.weight, said, rows.seed, clusters=rows.clusters)[metric]
    verdict = "better" if gap["low"] > 0 else "worse" if gap["high"] < 0 else "no difference"
    return {"groups": list(subset), metric: score, "difference": gap, "verdict": verdict}
