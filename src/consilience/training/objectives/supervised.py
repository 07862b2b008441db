"""The task's loss on the fused output, plus a small, equal loss for every group's helper head.

The helper heads add single-modality supervision (Wang et al. 2020, "What makes training multi-modal networks
hard?", motivates it) and give every group's stand-alone prediction for free.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from consilience.core.config import Config as Block
from consilience.core.recipe import Train
from consilience.fusion.model import Outputs
from consilience.training.batches import Batch


class Supervised:
    """Mean loss of the fusion candidates + `helper_weight` × the sum of the helper losses."""

    class Config(Block):
        weight: float = 1.0
        """Weight of the whole objective."""
        helper_weight: float | None = None
        """Weight of each helper head; the recipe's `train.helper_weight` when None."""

    def __init__(self, config: Config, task: Any, settings: Train) -> None:
        self.task, self.weight = task, config.weight
        self.helper_weight = settings.helper_weight if config.helper_weight is None else config.helper_weight

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        every = list(outputs.candidates.values()) or [outputs.logits]
        losses = [self.task.loss(logits, batch.target, batch.weight) for logits in every]
        total = torch.stack(losses).mean()
        for group, logits in outputs.helpers.items():  # a row without the group teaches its helper nothing
            weight = batch.weight * outputs.has[group]
            total = total + self.helper_weight * self.task.loss(logits, batch.target, weight)
        return total * self.weight
