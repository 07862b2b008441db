"""What a teacher says of the student's training rows; it is asked about no other row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.inference import to_tensors
from consilience.artifacts.network import BATCH, Index
from consilience.artifacts.row_batches import slices
from consilience.core.errors import InputError
from consilience.core.events import Listener
from consilience.data.features import Features, prepare
from consilience.data.split import Splits, make_splits
from consilience.data.table import Table
from consilience.distillation.student import Lesson
from consilience.modalities.cells import as_text
from consilience.training.batches import Taught
from consilience.training.data import Data
from consilience.training.plan import Plan

Array = np.ndarray[Any, Any]


def splits_of(bundle: Bundle, tables: dict[str, Table]) -> Splits:
    """The rows that a run was trained, validated and tested on, found again from its recipe.

    Args:
        tables: "train", and "valid" and "test" where the run was given them.
    """
    recipe, table = bundle.recipe, tables["train"]
    values = as_text(table.frame[recipe.target])
    folded = int(recipe.split.folds or 1) > 1
    return make_splits(
        table,
        values if bundle.task.kind in ("binary", "multiclass") else None,
        values.is_not_null().to_numpy(),
        recipe.split,
        recipe.seed,
        "valid" in tables or folded,
        "test" in tables or recipe.split.test == 0,
    )


class Teacher:
    """Lays its predictions over the student's data (`pipeline.Teach`); `matched` says afterwards whether fused vectors
    are matched too."""

    def __init__(self, bundle: Bundle, splits: Splits, lesson: Lesson, listener: Listener) -> None:
        self.bundle, self.splits, self.lesson, self.listener = bundle, splits, lesson, listener
        self.matched = False

    def plan(self, plan: Plan) -> Plan:
        """The student's plan, as it is."""
        return plan

    def teach(self, plan: Plan, data: Data, checkpoints: Path) -> tuple[Plan, Data]:
        """
        Raises:
            InputError: when the student's test rows are not the teacher's, or its classes are others.
        """
        if not np.array_equal(plan.splits.test, self.splits.test):
            raise InputError(
                "the student's test rows are not the teacher's: the two could not be compared",
                fix="Leave seed and split as the teacher's run has them",
            )
        if plan.facts["task"].get("classes") != self.bundle.facts["task"].get("classes"):
            raise InputError("the student's training rows hold other classes than the teacher's")
        self.listener({"event": "stage", "name": "Asking the teacher"})
        adapted, _ = self.bundle.adapt(plan.tables["train"])
        groups, settings = self.bundle.facts["groups"], self.bundle.recipe.prepare
        with prepare(adapted, groups, settings, listener=self.listener) as features:
            opinion = self.bundle.judge(features, self.bundle.texts(adapted), plan.splits.train)
            said = opinion.final if self.lesson.voice == "stack" else opinion.sources["network"]
            self.matched = int(self.bundle.recipe.width or 0) == int(plan.recipe.width or 0)
            fused = _fused(self.bundle, features, plan.splits.train) if self.matched else None
        source = data.sources["train"]
        rows = source.features.rows
        taught = Taught(_spread(said, plan.splits.train, rows), _spread(fused, plan.splits.train, rows))
        return plan, replace(data, sources={**data.sources, "train": replace(source, taught=taught)})


def _spread(values: Array | None, index: Index, rows: int) -> Any:
    """[rows, D] float32 with `values` [n, D] at `index` [n], NaN elsewhere: a row that was not asked cannot be used."""
    if values is None:
        return None
    found = np.full((rows, values.shape[1]), np.nan, np.float32)
    found[index] = values
    return found


@torch.no_grad()
def _fused(bundle: Bundle, features: Features, index: Index) -> Array:
    """The fused vectors [n, D] of the first network."""
    network = bundle.networks[0].eval()
    device = next(network.parameters()).device
    parts = [
        network(to_tensors(features.gather(index[positions]), device)).fused.pooled.float().cpu().numpy()
        for positions in slices(len(index), BATCH)
    ]
    return np.concatenate(parts)
