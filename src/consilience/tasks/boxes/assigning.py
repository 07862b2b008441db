"""Which positions of the pyramid learn which box.

A box is learned where the map's stride fits its size, near its centre: the centre sampling of FCOS (Tian et al. 2019,
arXiv 1904.01355) with bands of sizes that overlap, so that a box between two maps is learned on both; every box gets
the position nearest to its centre at least, however small it is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

USUAL = 4.0
"""A map fits boxes of so many of its strides best (geometric mean of the sides) …"""
BAND = 0.8
"""… and of up to 2^BAND times as many or as few."""
RADIUS = 1.5
"""Strides between a box's centre and the positions that learn it, in each direction."""
FAR = 1e12


class Places(NamedTuple):
    """centre: [L, 2] of every position, pixels of the prepared image, x before y. stride: [L]."""

    centre: Tensor
    stride: Tensor


def make_places(levels: list[tuple[int, int, int]]) -> Places:
    """levels: (height, width, stride) of each map, in the order of the tokens."""
    centres, strides = [], []
    for height, width, stride in levels:
        down, across = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centres.append((torch.stack([across, down], -1).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((height * width,), float(stride)))
    return Places(torch.cat(centres), torch.cat(strides))


def assign(boxes: Tensor, places: Places) -> Tensor:
    """Number of the box that each position learns, int64 [L]; −1 = none.

    boxes: [n, 4] of one image. A position that several boxes want learns the smallest.
    """
    length = len(places.stride)
    if not len(boxes):
        return torch.full((length,), -1, dtype=torch.int64, device=boxes.device)
    sides = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3)
    area = sides.prod(1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    strides = torch.unique(places.stride)
    misfit = (area.sqrt().log2()[:, None] - (USUAL * strides).log2()).abs()  # [n, maps]
    fits = (misfit <= BAND) | (misfit <= misfit.min(1, keepdim=True).values)
    which = torch.searchsorted(strides, places.stride)
    away = (places.centre[None] - middle[:, None]).abs()  # [n, L, 2]
    near = (away <= RADIUS * places.stride[None, :, None]).all(-1) & (away <= sides[:, None] / 2).all(-1)
    wanted = near & fits[:, which]
    cost = torch.where(wanted, area[:, None], FAR)
    lowest, box = cost.min(0)
    found = torch.where(lowest < FAR, box, -1)
    best = misfit.argmin(1)[:, None] == which[None]
    distance = torch.where(best, away.square().sum(-1), FAR)
    largest_first = area.argsort(descending=True)  # the smaller box has the last word
    found[distance.argmin(1)[largest_first]] = largest_first
    return found
