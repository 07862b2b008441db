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
from consilience.search.together import SKILL, Yard, skill, skill_of, yards_of
from consilience.tasks.metrics import HIGHER_IS_BETTER, scores
from consilience.training.data import Data
from consilience.training.loop import chosen_metric
from consilience.training.plan import Plan
from consilience.training.plan_several import Plans
from consilience.training.run import train_model
from consilience.training.run_several import train_together
from consilience.training.variant import Memory, shared_data, vary_plan
from consilience.training.variant_several import vary_plans

Figure = Callable[[Mapping[str, Any]], float | None]
"""Metrics of an "evaluation" event → what the trial is judged by, None where it is not there."""
Tell = Callable[[int, float], None]
"""Told the metric so far: (step, value). It may raise to end the trial."""


@dataclass
class Bench:
    """What all trials share.

    given: the recipe as given. plan: its plan, without test rows. memory: facts and prepared tables. views: with
    several targets, target → its own plan.
    """

    given: Recipe
    plan: Plan
    memory: Memory = field(default_factory=Memory)
    views: dict[str, Plan] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """The metric that trials are judged by: the one that picks checkpoints; with several targets their skill."""
        if self.views:
            return SKILL
        return chosen_metric(self.plan.recipe.train.metric, self.plan.task)

    @property
    def higher_is_better(self) -> bool:
        return bool(self.views) or HIGHER_IS_BETTER[self.metric]

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
        plan = self._plans(self.recipe({})).joint if self.views else vary_plan(self.plan, self.recipe({}), self.memory)
        shared_data(plan, self.memory, listener)

    def yards(self, listener: Listener = nobody) -> dict[str, Yard]:
        """Of several targets: how each is judged, see `together.yards_of`."""
        return self._yards(shared_data(self._plans(self.recipe({})).joint, self.memory, listener))

    def _yards(self, data: Data) -> dict[str, Yard]:
        return yards_of(Plans(self.plan, self.views), data)  # the search's own weights, whatever a trial trains with

    def _plans(self, recipe: Recipe) -> Plans:
        return vary_plans(Plans(self.plan, self.views), recipe, self.memory)

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
        if self.views:
            plans = self._plans(recipe)
            return self._judge_together(plans, shared_data(plans.joint, self.memory, listener), folder, tell)
        plan = vary_plan(self.plan, recipe, self.memory)
        data = shared_data(plan, self.memory, listener)
        metric = self.metric
        watch = _Watch(lambda valid: valid.get(metric), self.higher_is_better, _epochs(plan), tell)
        trained = train_model(plan, data, folder, watch)
        heard = trained.heard
        value = scores(plan.task.kind, heard.target, heard.weight, heard.sources["network"])[self.metric]
        if not math.isfinite(value):
            raise InputError(f"{self.metric} is not defined on the validation rows")
        return value

    def _judge_together(self, plans: Plans, data: Data, folder: Path, tell: Tell) -> float:
        yards = self._yards(data)
        watch = _Watch(lambda valid: skill(yards, valid), True, _epochs(plans.joint), tell)
        return skill_of(yards, train_together(plans, data, folder, watch))


def _epochs(plan: Plan) -> int:
    return int(plan.recipe.train.epochs or 1)


class _Watch:
    """Reads the events of a trial's training: the metric by epoch in the first network; after each further fold
    the mean of the best values so far."""

    def __init__(self, figure: Figure, higher: bool, epochs: int, tell: Tell) -> None:
        self.figure, self.higher, self.epochs, self.tell = figure, higher, epochs, tell
        self.best: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        network = str(event.get("network"))
        if event["event"] == "evaluation":
            value = self.figure(event.get("valid") or {})
            if value is None or not math.isfinite(value):
                return
            known = self.best.get(network, value)
            self.best[network] = max(known, value) if self.higher else min(known, value)
            if len(self.best) == 1:
                self.tell(int(event["epoch"]), float(value))
        elif event["event"] == "end" and len(self.best) > 1:
            mean = sum(self.best.values()) / len(self.best)
            self.tell(self.epochs + len(self.best) - 2, mean)
