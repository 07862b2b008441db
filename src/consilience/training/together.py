"""What the processes that train a network together tell each other beside the gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def mean_loss(fabric: Any, loss_sum: Tensor, rows: int) -> float:
    """The training loss over the rows of every process.

    Args:
        loss_sum: scalar, the sum over this process's `rows`.
    """
    both = torch.stack([loss_sum, torch.full_like(loss_sum, rows)])
    if fabric.world_size > 1:
        both = fabric.all_reduce(both, reduce_op="sum")
    return float(both[0]) / max(1.0, float(both[1]))


def any_stopped(fabric: Any, stopped: bool) -> bool:
    """True in every process once one of them says so."""
    if fabric.world_size == 1:
        return stopped
    return bool(fabric.all_reduce(torch.tensor(float(stopped), device=fabric.device), reduce_op="sum") > 0)
