"""What a trial of several targets is judged by: one figure that means the same for a class and for a number.

The figure is the skill score of forecast verification (Murphy 1988, Monthly Weather Review 116): the share of the way
from a reference, here the training rows' usual value for every row, to a perfect prediction; then the targets' mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from consilience.core.errors import InputError
from consilience.references.majority import majority_predictions
from consilience.tasks.metrics import HIGHER_IS_BETTER, PRIMARY, scores
from consilience.training.data import Data
from consilience.training.plan import Plan
from consilience.training.plan_several import Plans
from consilience.training.run_several import TrainedTogether, data_of

SKILL = "skill"
LEAST = 1e-12
"""A way that is no longer is none: the usual value is right in every validation row."""


class Yard(NamedTuple):
    """How one target is judged: by its primary metric, which is `naive` for the usual value and `best` at its best;
    weight: of its share, as its loss has."""

    metric: str
    naive: float
    best: float
    weight: float

    def share(self, value: float) -> float:
        """0 for the usual value, 1 for a perfect prediction, below 0 for what is worse than the usual value."""
        return (value - self.naive) / (self.best - self.naive)


def yards_of(plans: Plans, data: Data) -> dict[str, Yard]:
    """Target → how it is judged; without those of weight 0, and those that the validation rows cannot tell (all have
    one class, or the same number).

    Args:
        data: tables prepared for the joint plan.
    Raises:
        InputError: when no target is left.
    """
    weights = dict(zip(plans.views, plans.joint.task.loss_weights, strict=True))
    found = {target: _yard(plan, data_of(plans, data, target), weights[target]) for target, plan in plans.views.items()}
    judged = {target: yard for target, yard in found.items() if yard is not None}
    if not judged:
        fix = "Give more validation rows"
        raise InputError("the validation rows tell no target: each has one value in them", where="target", fix=fix)
    return judged


def _yard(plan: Plan, data: Data, weight: float) -> Yard | None:
    source, train = data.rows(plan, "train")
    judged, valid = data.rows(plan, "valid")
    if plan.folds:
        held = np.concatenate([rows for _, rows in plan.folds])
        judged, valid = source, held[source.targets.weight[held] > 0]
    kind, metric = plan.task.kind, PRIMARY[plan.task.kind]
    usual = majority_predictions(kind, source.targets.target[train], source.targets.weight[train], len(valid))
    naive = scores(kind, judged.targets.target[valid], judged.targets.weight[valid], usual)[metric]
    best = 1.0 if HIGHER_IS_BETTER[metric] else 0.0
    if not weight > 0 or not math.isfinite(naive) or abs(best - naive) < LEAST:
        return None
    return Yard(metric, naive, best, weight)


def skill(yards: Mapping[str, Yard], found: Mapping[str, Any]) -> float:
    """Weighted mean of the targets' shares, over those whose metric is defined; NaN where none is.

    Args:
        found: "<target>:<metric>" → value, as an "evaluation" event has them.
    """
    total = weights = 0.0
    for target, yard in yards.items():
        value = found.get(f"{target}:{yard.metric}")
        if value is not None and math.isfinite(value):
            total += yard.weight * yard.share(value)
            weights += yard.weight
    return total / weights if weights else math.nan


def skill_of(yards: Mapping[str, Yard], trained: TrainedTogether) -> float:
    """What trained networks say of the validation rows, as one figure.

    Raises:
        InputError: when the metric of a target is not defined.
    """
    found = {}
    for target, yard in yards.items():
        heard, kind = trained.views[target].heard, trained.bundle.views[target].task.kind
        value = scores(kind, heard.target, heard.weight, heard.sources["network"])[yard.metric]
        if not math.isfinite(value):
            raise InputError(f"{yard.metric} is not defined on the validation rows", where=f"target column {target!r}")
        found[f"{target}:{yard.metric}"] = value
    return skill(yards, found)
