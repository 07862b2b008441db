"""Augmentation of recordings as tensor code; torch's random state decides, so a seed repeats it."""

from __future__ import annotations

import torch
from torch import Tensor


def perturb(wave: Tensor, length: Tensor, speed: float, shift: int, noise: float) -> tuple[Tensor, Tensor]:
    """Other speed (Ko et al. 2015, "Audio Augmentation for Speech Recognition"), later start, background
    noise.

    Args:
        wave: [N, T] float, 0 beyond `length` [N] samples.
        speed: largest change of speed, share. shift: largest delay, samples. noise: largest level of white
        noise, share of the recording's own level.
    """
    count, samples, device = len(wave), wave.shape[1], wave.device
    draw = torch.rand(3, count, 1, device=device)
    rate = 1 + (draw[0] * 2 - 1) * speed
    position = (torch.arange(samples, device=device) - (draw[1] * shift).floor()) * rate
    below = position.floor()
    share = position - below
    index = below.long()
    picked = [wave.gather(1, (index + k).clamp(0, samples - 1)) for k in (0, 1)]
    inside = (index >= 0) & (position < length[:, None])
    moved = (picked[0] * (1 - share) + picked[1] * share) * inside
    reach = (length[:, None] / rate + (draw[1] * shift).floor()).ceil().long().clamp(max=samples).squeeze(1)
    reach = torch.where(length > 0, reach, length)
    level = moved.square().sum(1, keepdim=True) / reach.clamp(min=1)[:, None]
    hiss = torch.randn_like(moved) * level.sqrt() * draw[2] ** 3 * noise  # mostly quiet
    real = torch.arange(samples, device=device) < reach[:, None]
    return (moved + hiss) * real, reach


def spec_augment(mel: Tensor, mask: Tensor, bands: float, frames: float) -> Tensor:
    """Hide a stripe of frequencies and a stripe of time in each recording.

    Park et al. 2019, "SpecAugment" (arXiv 1904.08779), without the time warp.

    Args:
        mel: [N, M, F] of mean 0. mask: [N, F]. bands, frames: largest share hidden.
    """
    count, height, width = mel.shape
    draw = torch.rand(4, count, 1, device=mel.device)
    band = torch.arange(height, device=mel.device)
    tall = draw[0] * bands * height
    low = draw[1] * (height - tall)
    mel = mel * ~((band >= low) & (band < low + tall)).unsqueeze(2)
    frame = torch.arange(width, device=mel.device)
    real = mask.sum(1, keepdim=True)
    wide = draw[2] * frames * real
    first = draw[3] * (real - wide)
    return mel * ~((frame >= first) & (frame < first + wide)).unsqueeze(1)
