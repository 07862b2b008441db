"""Learning from what a teacher says of the training rows, beside or instead of their labels.

Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network" (arXiv 1503.02531): both distributions are
softened by a temperature T, and the loss is multiplied by T² so that its gradients keep their size. Fused vectors are
matched as hints (Romero et al. 2015, "FitNets", arXiv 1412.6550), by direction only.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from consilience.core.config import Config as Block
from consilience.core.errors import InputError
from consilience.core.recipe import Train
from consilience.fusion.model import Outputs
from consilience.training.batches import Batch

LEAST = 1e-6
"""Teachers' probabilities are kept this far from 0 and 1."""


class Distil:
    """weight × (T² × divergence from the teacher's softened prediction + match × (1 − cosine of the fused vectors)).

    For numbers the divergence is the task's own loss against the teacher's value. Needs a teacher:
    `consilience distill`.
    """

    patience: ClassVar[int] = 2
    """Times as many epochs: a student that is taught goes on learning where labels alone are learned by heart (Beyer et
    al. 2022, arXiv 2106.05237). avmnist, effort 2, one seed: 0.940 after 18 epochs, 0.950 after 36."""

    class Config(Block):
        weight: float = Field(0.7, ge=0)
        """Weight of the whole objective."""
        temperature: float = Field(2.0, gt=0)
        """T: 1 = as the teacher says it; more shows what it thinks of the classes that it does not predict."""
        match: float = Field(0.1, ge=0)
        """Weight of the fused vectors, where teacher and student have them of one width."""

    def __init__(self, config: Config, task: Any, settings: Train) -> None:
        self.task, self.config = task, config

    def __call__(self, outputs: Outputs, batch: Batch) -> Tensor:
        if batch.soft is None:
            raise InputError(
                "no teacher speaks in this run",
                where="objective 'distil'",
                fix="Run it with: consilience distill RUN",
            )
        every = list(outputs.candidates.values()) or [outputs.logits]
        total = torch.stack([self._apart(logits, batch.soft, batch.weight) for logits in every]).mean()
        if batch.fused is not None and self.config.match:
            near = torch.cosine_similarity(outputs.fused.pooled.float(), batch.fused, dim=1)
            total = total + self.config.match * mean_of_rows(1 - near, batch.weight)
        return total * self.config.weight

    def _apart(self, logits: Tensor, soft: Tensor, weight: Tensor) -> Tensor:
        kind, heat = self.task.kind, self.config.temperature
        if kind == "regression":
            found: Tensor = self.task.loss(logits, soft, weight)
            return found
        said = soft.clamp(LEAST, 1 - LEAST)
        if kind == "multilabel":
            wanted, given = torch.logit(said) / heat, logits.float() / heat
            rows = torch.nn.functional.binary_cross_entropy_with_logits(given, wanted.sigmoid(), reduction="none")
            return heat**2 * mean_of_rows(rows.mean(-1), weight)
        log_wanted, log_given = (torch.log_softmax(x / heat, dim=-1) for x in (said.log(), logits.float()))
        return heat**2 * mean_of_rows((log_wanted.exp() * (log_wanted - log_given)).sum(-1), weight)


def mean_of_rows(values: Tensor, weight: Tensor) -> Tensor:
    """values [B], weight [B] → scalar."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-8)
