"""What a task is: target codec, loss, decoding and the metrics that judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, Any]


class Targets(NamedTuple):
    """Encoded targets: target [N, K] float32 (soft labels are ordinary), weight [N] float32 (0 = unlabelled)."""

    target: Array
    weight: Array


class Task(Protocol):
    """Built as `Task(config, facts)`; `decode`, `predictions` and `encode` are NumPy, only `loss` uses torch."""

    name: ClassVar[str]
    # answers: ClassVar[Answers], optional: what cannot be asked of its answers; see `tasks.answers`.
    Config: ClassVar[type[Any]]
    outputs: int
    """K: width of the head's output."""
    kind: str
    """"binary", "multiclass", "multilabel", "regression" or "text"; what `metrics.json` calls the task.

    A task of kind "text" has more to say: `settle(values, config)`, facts that depend on its configuration;
    `decoder(width)`, a module (fused, target or None) → outputs that stands in place of the linear head;
    `validation(outputs, weight)`, figures of outputs where the target was known; `picks`, the one that picks
    checkpoints.
    """
    primary: str
    """Metric that picks checkpoints and heads the report."""

    @staticmethod
    def score(values: pl.Series) -> Any:
        """Guess(score, reason): how well the target column fits this task."""
        ...

    @staticmethod
    def learn(values: pl.Series) -> dict[str, Any]:
        """JSON facts from the training rows' targets: classes, mean and standard deviation …"""
        ...

    def encode(self, values: pl.Series) -> Targets: ...

    def loss(self, outputs: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """outputs [B, K], target [B, K], weight [B] → scalar; rows of weight 0 count nothing."""
        ...

    def predictions(self, outputs: Array) -> Array:
        """Raw outputs [N, K] → what the stack mixes and metrics judge: probabilities [N, K] (binary: K = 2) or
        values in the target's own unit [N, 1]."""
        ...

    def said(self, predictions: Array) -> Array:
        """The predicted label, labels or value of each row [N], as the user reads it."""
        ...

    def decode(self, predictions: Array) -> dict[str, Any]:
        """Predictions → columns for the user: {"prediction": [...], "probability:<class>": [...]}."""
        ...
