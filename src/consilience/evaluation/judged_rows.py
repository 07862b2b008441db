"""The test rows of a run as metrics judge them."""

from __future__ import annotations

from consilience.evaluation.comparison import Judged
from consilience.training.data import Data
from consilience.training.plan import Plan


def judged_rows(plan: Plan, data: Data) -> Judged:
    source, index = data.rows(plan, "test")
    return Judged(
        plan.task.kind,
        source.targets.target[index],
        source.targets.weight[index],
        plan.clusters(data.table_of("test"), index),
        plan.recipe.seed,
    )
