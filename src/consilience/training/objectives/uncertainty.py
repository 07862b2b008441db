"""The losses of several targets, weighted by how uncertain each is, which is learned along.

Kendall, Gal & Cipolla 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics"
(CVPR, arXiv 1705.07115): with s = log σ² of a target its loss L enters as exp(−s) · L + s / 2. The Huber loss of a
standardised number is half its squared error, as in the paper; cross-entropy takes the same factor.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.core.recipe import Train
from consilience.fusion.model import Outputs
from consilience.training.batches import Batch


class Uncertainty:
    """As `supervised`, for several targets whose weights are learned; helper losses take the weights as they are."""

    class Config(Block):
        weight: float = 1.0
        """Weight of the whole objective."""
        helper_weight: float | None = None
        """Weight of each helper head; the recipe's `train.helper_weight` when None."""

    def __init__(self, config: Config, task: Any, settings: Train) -> None:
        if not hasattr(task, "losses"):
            raise InputError("learned weights need several targets", where="objective 'uncertainty'")
        self.task, self.weight = task, config.weight
        self.helper_weight = settings.helper_weight if config.helper_weight is None else config.helper_weight

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        if outputs.log_variances is None:
            raise InputError(
                "the network has no weights to learn", where="objective 'uncertainty'", fix="target_weights: learned"
            )
        log_variances = outputs.log_variances
        sure = torch.exp(-log_variances)
        every = list(outputs.candidates.values()) or [outputs.logits]
        losses = [self.task.losses(logits, batch.target, batch.weight) for logits in every]
        count = len(log_variances)
        total = torch.stack([(sure * loss + log_variances / 2).sum() / count for loss in losses]).mean()
        for group, logits in outputs.helpers.items():
            weight = batch.weight * outputs.has[group]
            helped = (sure.detach() * self.task.losses(logits, batch.target, weight)).sum() / count
            total = total + self.helper_weight * helped
        return total * self.weight
