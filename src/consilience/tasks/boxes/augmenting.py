"""Random changes of images and their boxes alike, as tensor code on the device; torch's random state decides.

Zoom, move and mirror; then, in some images, a cross is laid through the picture and its four parts come from four
images at their own size (the mosaic of Bochkovskiy et al. 2020, arXiv 2004.10934, without shrinking: small things stay
visible).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Change(NamedTuple):
    """zoom: largest factor of size, above 1; width and height also differ by up to its fourth root. move: largest
    shift, share of the side. mirror: "none", "horizontal" or "both". mosaic: share of images put together of four.
    seen: share of a box's area that must stay in view."""

    zoom: float
    move: float
    mirror: str
    mosaic: float
    seen: float = 0.3


def change(pixels: Tensor, boxes: Tensor, fill: Tensor, how: Change) -> tuple[Tensor, Tensor]:
    """(pixels, boxes) after a random change.

    Args:
        pixels: [B, H, W, K] uint8 or float. boxes: [B, M, 5], corners in pixels, class + 1 (0 = none).
        fill: [K], colour of what comes into view from outside.
    Returns:
        pixels float [B, H, W, K]; boxes [B, M or 4 M, 5].
    """
    images = pixels.permute(0, 3, 1, 2).float() - fill[:, None, None]
    images, boxes = _affine(images, boxes, how)
    if how.mosaic > 0 and len(images) > 1:
        images, boxes = _mosaic(images, boxes, how)
    return (images + fill[:, None, None]).permute(0, 2, 3, 1), boxes


def _affine(images: Tensor, boxes: Tensor, how: Change) -> tuple[Tensor, Tensor]:
    count, height, width = len(images), images.shape[2], images.shape[3]
    draw = torch.rand(4, count, device=images.device) * 2 - 1
    flip = torch.rand(2, count, device=images.device) < 0.5
    flip &= torch.tensor([[how.mirror != "none"], [how.mirror == "both"]], device=images.device)
    size = torch.as_tensor(how.zoom, device=images.device).log()
    stretch = draw[1] * size / 4
    scale = torch.stack([(draw[0] * size + stretch).exp(), (draw[0] * size - stretch).exp()], 1)  # of x, of y
    signed = scale * torch.where(flip.T, -1.0, 1.0)
    # new = signed × (old − centre) + centre + move: what is zoomed into shows another part of itself
    room = (scale - 1).abs() / 2 + how.move
    move = draw[2:].T * room
    sides = torch.tensor([width, height], device=images.device, dtype=torch.float32)
    inverse = torch.zeros(count, 2, 3, device=images.device)  # of the unit square −1..1
    inverse[:, 0, 0], inverse[:, 1, 1] = 1 / signed[:, 0], 1 / signed[:, 1]
    inverse[:, :, 2] = -2 * move / signed
    grid = F.affine_grid(inverse, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    corners = boxes[..., :4].reshape(*boxes.shape[:2], 2, 2) / sides - 0.5
    corners = (corners * signed[:, None, None] + move[:, None, None] + 0.5) * sides
    low, high = corners.amin(2), corners.amax(2)
    placed = torch.cat([low, high, boxes[..., 4:]], -1)
    return moved, cut(placed, torch.zeros(count, 2, device=images.device), sides.expand(count, 2), how.seen)


def _mosaic(images: Tensor, boxes: Tensor, how: Change) -> tuple[Tensor, Tensor]:
    count, height, width = len(images), images.shape[2], images.shape[3]
    device = images.device
    middle = torch.rand(count, 2, device=device) * 0.5 + 0.25
    across, down = (middle[:, 0] * width).round(), (middle[:, 1] * height).round()
    chosen = torch.rand(count, device=device) < how.mosaic
    across = torch.where(chosen, across, float(width))  # the first part is the whole image where nothing is joined
    down = torch.where(chosen, down, float(height))
    x, y = torch.arange(width, device=device), torch.arange(height, device=device)
    right, below = x[None] >= across[:, None], y[None] >= down[:, None]
    joined, found = images, []
    zero = torch.zeros_like(across)
    for part in range(4):
        source = torch.arange(count, device=device) if part == 0 else torch.randperm(count, device=device)
        is_right, is_below = bool(part % 2), bool(part // 2)
        inside = (right == is_right)[:, None, None, :] & (below == is_below)[:, None, :, None]
        joined = joined if part == 0 else torch.where(inside, images[source], joined)
        low = torch.stack([across if is_right else zero, down if is_below else zero], 1)
        high = torch.stack(
            [zero + width if is_right else across, zero + height if is_below else down],
            1,
        )
        found.append(cut(boxes[source], low, high, how.seen))
    return joined, torch.cat(found, 1)


def cut(boxes: Tensor, low: Tensor, high: Tensor, seen: float) -> Tensor:
    """Boxes [B, M, 5] cut to a window from `low` to `high` [B, 2]; class 0 where too little of one is left."""
    before = (boxes[..., 2:4] - boxes[..., :2]).clamp(min=0).prod(-1)
    start = torch.maximum(boxes[..., :2], low[:, None])
    end = torch.minimum(boxes[..., 2:4], high[:, None])
    after = (end - start).clamp(min=0).prod(-1)
    left = (after > 0) & (after >= seen * before)
    return torch.cat([start, end, boxes[..., 4:]], -1) * left.unsqueeze(-1)
