"""Several targets of one row, learned by one network: their outputs stand side by side.

Nothing else of the house knows of it but the training loop: what is told of a target is told by its own task, which
gets its own columns of the outputs (`Several.places`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, final

import numpy as np
import polars as pl
from pydantic import Field

from consilience.core.config import Choice
from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.modalities.base import Guess
from consilience.tasks.base import Array, Targets
from consilience.tasks.metrics import PRIMARY, scores

if TYPE_CHECKING:
    from torch import Tensor


class Place(NamedTuple):
    """Of one target: its task, and its columns [start, stop) of outputs, encoded targets and predictions."""

    task: Any
    start: int
    stop: int


@final
class Several:
    """Several targets. Encoded: the columns of each target side by side, then a weight column for each target, so that
    a row that misses one target still teaches the others; `Targets.weight` is 1 where any of them is known.

    Facts: target → facts of its own task, in the order of the targets.
    """

    name: ClassVar[str] = "several"

    class Config(Block):
        tasks: dict[str, Choice] = {}
        """Target → its task."""
        weights: dict[str, float] = {}
        """Target → weight of its loss; 1 where none is given."""
        balance: Literal["fixed", "learned"] = Field("fixed")
        """learned: the objective `uncertainty` finds the weights while it trains."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        self.config, self.facts = config, facts
        self.kind, self.primary = "several", "together"
        self.places: dict[str, Place] = {}
        start = 0
        for target, choice in config.tasks.items():
            task = choice.build("task", facts[target])
            self.places[target] = Place(task, start, start + task.outputs)
            start += task.outputs
        self.outputs = start

    @property
    def picks(self) -> str:
        """The figure that picks checkpoints; see `measured`."""
        return self.primary

    @staticmethod
    def score(values: pl.Series) -> Guess:
        """No column holds several targets: they are named."""
        return Guess(0.0, "several targets are named one by one")

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """
        Raises:
            InputError: always: facts are learned target by target.
        """
        raise InputError("several targets are learned one by one", fix="Name them: --target A --target B")

    @staticmethod
    def balanced(config: Config) -> int:
        """How many learned weights the network needs: one a target, or none."""
        return len(config.tasks) if config.balance == "learned" else 0

    def encode(self, values: pl.Series) -> Targets:
        """Struct cells {target: cell} [N] → target float32 [N, K + T], weight float32 [N]."""
        frame = values.struct.unnest()
        return self.joined([place.task.encode(frame[target]) for target, place in self.places.items()])

    def joined(self, parts: list[Targets]) -> Targets:
        """The encoded targets of every task, in their order, side by side."""
        weights = np.stack([part.weight for part in parts], 1).astype(np.float32)
        wide = np.concatenate([*(part.target for part in parts), weights], 1)
        return Targets(wide.astype(np.float32), np.asarray((weights > 0).max(1), np.float32))

    def of(self, target: str, encoded: Array) -> Targets:
        """What `joined` was given for one target."""
        place, number = self.places[target], list(self.places).index(target)
        return Targets(encoded[:, place.start : place.stop], encoded[:, self.outputs + number])

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Weighted mean of the targets' losses; the weights add up to their number, so that the learning rate means
        the same for one target and for ten."""
        import torch

        losses = self.losses(outputs, target, weight)
        wanted = losses.new_tensor(self.loss_weights)
        return torch.dot(losses, wanted / wanted.sum())

    @property
    def loss_weights(self) -> list[float]:
        """Of each target, as the user gave them."""
        return [float(self.config.weights.get(target, 1.0)) for target in self.places]

    def losses(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """The loss of each target [T]; 0 where no row of the batch knows it.

        Args:
            outputs: [B, K]. target: [B, K + T]. weight: [B].
        """
        import torch

        found = []
        for number, place in enumerate(self.places.values()):
            own = slice(place.start, place.stop)
            known = weight * target[:, self.outputs + number]
            found.append(place.task.loss(outputs[:, own], target[:, own], known))
        return torch.stack(found)

    def predictions(self, outputs: Array) -> Array:
        """What each task predicts from its own columns, side by side [N, K]."""
        return np.concatenate([p.task.predictions(outputs[:, p.start : p.stop]) for p in self.places.values()], 1)

    def measured(self, outputs: Array, target: Array) -> dict[str, float]:
        """Figures of raw outputs [N, K] on validation rows.

        Returns:
            {"together": weighted mean of what the targets' primary metrics say (a root mean squared error as R²: all
            have 1 as their best), "loss": weighted sum of log losses and of squared errors in variances,
            "<target>:<metric>": every metric of every target}.
        """
        found: dict[str, float] = {}
        merits, losses = [], []
        for name, place in self.places.items():
            known, task = self.of(name, target), place.task
            every = scores(
                task.kind, known.target, known.weight, task.predictions(outputs[:, place.start : place.stop])
            )
            number = task.kind == "regression"
            merits.append(every["r2" if number else PRIMARY[task.kind]])
            losses.append((every["rmse"] / task.scale) ** 2 if number else every["log_loss"])
            found |= {f"{name}:{metric}": value for metric, value in every.items()}
        return {"together": _mean(merits, self.loss_weights), "loss": _mean(losses, self.loss_weights), **found}

    def said(self, predictions: Array) -> Array:
        """
        Raises:
            InputError: always: each target has its own word.
        """
        raise InputError("a model of several targets says nothing of them together", fix="Ask for one target")

    def decode(self, predictions: Array) -> dict[str, Any]:
        """{"<target>": [N], "<target>:probability:<class>": float32 [N] each}."""
        found: dict[str, Any] = {}
        for target, place in self.places.items():
            found |= named_columns(target, place.task.decode(predictions[:, place.start : place.stop]))
        return found


def named_columns(target: str, columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of one target beside those of others: "prediction" → "label", "low" → "label:low"."""
    return {target if name == "prediction" else f"{target}:{name}": values for name, values in columns.items()}


def _mean(values: list[float], weights: list[float]) -> float:
    """Over the values that are defined: a rare target may have no validation row of one class."""
    defined = [(v, w) for v, w in zip(values, weights, strict=True) if np.isfinite(v)]
    total = sum(w for _, w in defined)
    return sum(v * w for v, w in defined) / total if total > 0 else float("nan")
