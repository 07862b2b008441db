"""Augmentation of images as tensor code on the device; torch's random state decides, so a seed repeats it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def warp(images: Tensor, shift: float, rotation: float, zoom: float, flip: bool) -> Tensor:
    """A random affine map for each image; edges are repeated.

    Args:
        images: [N, K, H, W] float.
        shift: largest move, share of the side. rotation: largest angle, degrees. zoom: largest change of
        size, share; height and width change independently, which also stretches. flip: mirror half of the
        images.
    """
    count, device = len(images), images.device
    draw = torch.rand(6, count, device=device) * 2 - 1
    angle = draw[0] * math.radians(rotation)
    across, down = torch.exp(draw[1] * math.log1p(zoom)), torch.exp(draw[2] * math.log1p(zoom))
    if flip:
        across = across * torch.where(draw[5] < 0, -1.0, 1.0)
    height, width = images.shape[-2:]
    ratio = height / width  # rotate in pixels, not in the stretched unit square
    rows = [
        torch.stack([across * angle.cos(), -down * angle.sin() * ratio, draw[3] * 2 * shift], -1),
        torch.stack([across * angle.sin() / ratio, down * angle.cos(), draw[4] * 2 * shift], -1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def jitter(images: Tensor, strength: float) -> Tensor:
    """Random brightness, contrast and saturation for each colour image, after Krizhevsky et al. 2012.

    images: [N, 3, H, W], standardised; `strength` 0.2 moves brightness by up to 0.2 standard deviations and
    scales contrast and saturation by up to 1.2.
    """
    draw = torch.rand(3, len(images), 1, 1, 1, device=images.device) * 2 - 1
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * torch.exp(draw[0] * strength)
    level = images.mean((1, 2, 3), keepdim=True)
    return level + (images - level) * torch.exp(draw[1] * strength) + draw[2] * strength
