"""One trial: a recipe trained on the prepared rows and judged on validation rows alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consilience.core.errors import InputError
from consilience.core.events import Event, Listener, nobody
from consilience.core.recipe import Recipe
from consilience.search.space import laid_over
from consilience.tasks.metrics import HIGHER_IS_BETTER, scores
from consilience.training.loop import chosen_metric
from consilience.training.plan import Plan
from consilience.training.run import train_model
from consilience.training.variant import Memory, shared_data, vary_plan

Tell = Callable[[int, float], None]
"""Told the metric so far: (step, value). It may raise to end the trial."""


@dataclass
class Bench:
    """What all trials share.

    given: the recipe as given. plan: its plan, without test rows. memory: facts and prepared tables.
    """

    given: Recipe
    plan: Plan
    memory: Memory = field(default_factory=Memory)

    @property
    def metric(self) -> str:
        """The metric that trials are judged by: the one that picks checkpoints."""
        return chosen_metric(self.plan.recipe.train.metric, self.plan.task)

    @property
    def higher_is_better(self) -> bool:
        return HIGHER_IS_BETTER[self.metric]

    @property
    def epochs(self) -> int:
        return int(self.plan.recipe.train.epochs or 1)

    def recipe(self, values: Mapping[str, Any]) -> Recipe:
        """The given recipe with a trial's values; epochs stay as the policy planned them for the first trial.

        Raises:
            InputError: when the values make no recipe.
        """
        return laid_over(self.given, {"train.epochs": self.epochs, **values})

    def prepare(self, listener: Listener = nobody) -> None:
        """Prepare the tables as the first trial needs them: workers find them in the cache."""
        shared_data(vary_plan(self.plan, self.recipe({}), self.memory), self.memory, listener)

    def judge(self, values: Mapping[str, Any], folder: Path, tell: Tell, listener: Listener = nobody) -> float:
        """Train one network (one a fold) with these values → the metric on the validation rows.

        Args:
            folder: holds the checkpoints, so that a trial that was cut off goes on. tell: see `Tell`.
        Raises:
            InputError: for values that make no recipe, a loss that is not finite, or a metric that is not defined.
        """
        recipe = self.recipe(values)
        single = recipe.train.model_copy(update={"networks": 1})
        recipe = recipe.model_copy(update={"train": single, "references": (), "stack": False})
        plan = vary_plan(self.plan, recipe, self.memory)
        data = shared_data(plan, self.memory, listener)
        trained = train_model(plan, data, folder, _Watch(self, int(plan.recipe.train.epochs or 1), tell))
        heard = trained.heard
        value = scores(plan.task.kind, heard.target, heard.weight, heard.sources["network"])[self.metric]
        if not math.isfinite(value):
            raise InputError(f"{self.metric} is not defined on the validation rows")
        return value


class _Watch:
    """Reads the events of a trial's training: the metric by epoch in the first network; after each further fold
    the mean of the best values so far."""

    def __init__(self, bench: Bench, epochs: int, tell: Tell) -> None:
        self.metric, self.higher, self.epochs, self.tell = bench.metric, bench.higher_is_better, epochs, tell
        self.best: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        network = str(event.get("network"))
        if event["event"] == "evaluation":
            value = (event.get("valid") or {}).get(self.metric)
            if value is None or not math.isfinite(value):
                return
            known = self.best.get(network, value)
            self.best[network] = max(known, value) if self.higher else min(known, value)
            if len(self.best) == 1:
                self.tell(int(event["epoch"]), float(value))
        elif event["event"] == "end" and len(self.best) > 1:
            mean = sum(self.best.values()) / len(self.best)
            self.tell(self.epochs + len(self.best) - 2, mean)
