"""Learned weights of several targets' losses: parameters of the network, so that they train and resume with it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

QUICK = 10.0
"""Factor of the learning rate: a few hundred steps must be enough to find a scale."""


class Balance(nn.Module):
    """log σ² of each of T targets, float32 [T]; 0 at first: equal weights (Kendall et al. 2018, arXiv 1705.07115)."""

    def __init__(self, targets: int) -> None:
        super().__init__()
        self.log_variances = nn.Parameter(torch.zeros(targets))

    def rates(self) -> dict[str, float]:
        """Parameter → factor of the learning rate."""
        return {"log_variances": QUICK}

    def forward(self) -> Tensor:
        found: Tensor = self.log_variances
        return found
