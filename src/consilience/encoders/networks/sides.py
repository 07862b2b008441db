"""The input size of an image network: what it takes at least is tried, not guessed."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from consilience.core.errors import InputError
from consilience.encoders.networks.library import Spec

REFUSED = (RuntimeError, ValueError, AssertionError, TypeError, IndexError, ZeroDivisionError)
"""What libraries raise where an image is too small for a network."""
Build = Callable[[tuple[int, int]], nn.Module]


def wanted_side(spec: Spec, shape: tuple[int, int], size: int | None) -> tuple[int, int]:
    """(H, W) for images of `shape`: their longer side becomes `size` pixels; whole patches, a square where it must be.

    shape: (H, W) of the prepared images. size: None keeps them as they are.
    """
    scale = size / max(shape) if size else 1.0
    height, width = (max(spec.patch, math.ceil(round(s * scale, 3) / spec.patch) * spec.patch) for s in shape)
    return (max(height, width),) * 2 if spec.square else (height, width)


def workable_side(build: Build, spec: Spec, side: tuple[int, int]) -> tuple[int, int]:
    """`side` where the network runs at it, else the smallest of the same shape at which it does; up to some twice the
    pretraining's are tried.

    Raises:
        InputError: when there is none.
    """
    body = None if spec.fixed else build(side)
    if runs(build, body, side):
        return side
    low, high = side, larger(side, spec, 2)
    while not runs(build, body, high):
        if min(high) > 2 * spec.side:
            _explain(build, body, side)
        low, high = high, larger(high, spec, 2)
    while True:
        middle = larger(low, spec, math.sqrt(min(high) / min(low)))
        if middle in (low, high):
            return high
        low, high = (low, middle) if runs(build, body, middle) else (middle, high)


def larger(side: tuple[int, int], spec: Spec, factor: float) -> tuple[int, int]:
    height, width = (math.ceil(round(s * factor / spec.patch, 3)) * spec.patch for s in side)
    return height, width


def runs(build: Build, body: nn.Module | None, side: tuple[int, int]) -> bool:
    """Whether a network takes images of (H, W); built for that size where `body` is None."""
    try:
        _run(body or build(side), side)
    except REFUSED:
        return False
    return True


@torch.no_grad()
def _run(body: nn.Module, side: tuple[int, int]) -> None:
    body.eval()(torch.zeros(1, 3, *side))


def _explain(build: Build, body: nn.Module | None, side: tuple[int, int]) -> None:
    try:
        _run(body or build(side), side)
    except REFUSED as error:
        line = " ".join(str(error).split())[:200]
        raise InputError(f"the network takes no images of {side[0]} × {side[1]} pixels: {line}", where="size") from None
