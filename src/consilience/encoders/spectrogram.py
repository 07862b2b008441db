"""Log-mel spectrogram as fixed matrices, so that it runs on the device and exports with the network.

Mel scale of the HTK book (Young et al. 2002, section 5.4): mel(f) = 2595 · log10(1 + f / 700); triangular
filters after Davis & Mermelstein 1980.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010


class LogMel(nn.Module):
    """Wave [N, T] with lengths [N] → log-mel [N, M, F] and mask [N, F]; F = T // hop + 1.

    Every recording is brought to mean 0 and power 1 before, and its spectrogram to mean 0 and spread 1 after,
    both
    over its real samples: loudness drops out, padding never matters.

    Args:
        sample_rate: Hz. mels: M, bands between 20 Hz and half the sample rate.
    """

    def __init__(self, sample_rate: int, mels: int) -> None:
        super().__init__()
        self.window = max(16, round(WINDOW_SECONDS * sample_rate))
        self.hop = max(4, round(HOP_SECONDS * sample_rate))
        size = 2 ** math.ceil(math.log2(self.window))
        time = np.arange(self.window)
        taper = 0.5 - 0.5 * np.cos(2 * math.pi * (time + 0.5) / self.window)  # Hann
        angle = 2 * math.pi * np.outer(np.arange(size // 2 + 1), time) / size
        kernel = np.concatenate([np.cos(angle) * taper, np.sin(angle) * taper])
        kernel /= math.sqrt(float((taper**2).sum()))
        filters = mel_filters(sample_rate, size, mels)
        self.register_buffer("kernel", torch.tensor(kernel[:, None], dtype=torch.float32), persistent=False)
        self.register_buffer("filters", torch.tensor(filters, dtype=torch.float32), persistent=False)

    kernel: Tensor
    filters: Tensor

    def forward(self, wave: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """In float32 whatever the precision around: bfloat16 would round quiet bands away."""
        if torch.is_autocast_enabled(wave.device.type):
            with torch.autocast(wave.device.type, enabled=False):
                return self.transform(wave.float(), length)
        return self.transform(wave.float(), length)

    def transform(self, wave: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        wave = standardised(wave, torch.arange(wave.shape[1], device=wave.device) < length[:, None])
        frames = F.conv1d(F.pad(wave, (0, self.window)).unsqueeze(1), self.kernel, stride=self.hop)
        power = frames.square()
        half = power.shape[1] // 2
        mel = torch.log(self.filters @ (power[:, :half] + power[:, half:]) + 1e-5)
        start = torch.arange(mel.shape[2], device=wave.device) * self.hop
        mask = start < length[:, None]
        every = mask.unsqueeze(1).expand(-1, mel.shape[1], -1)
        flat = standardised(mel.flatten(1), every.flatten(1))
        return flat.reshape(-1, mel.shape[1], mel.shape[2]), mask


def standardised(x: Tensor, mask: Tensor) -> Tensor:
    """Mean 0 and spread 1 over the real positions of each row, 0 elsewhere. x, mask: [N, T]."""
    real = mask.to(x.dtype)
    count = real.sum(1, keepdim=True).clamp(min=1)
    centred = (x - (x * real).sum(1, keepdim=True) / count) * real
    return centred * torch.rsqrt(centred.square().sum(1, keepdim=True) / count + 1e-6)


def mel_filters(sample_rate: int, size: int, mels: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Triangular filters [mels, size // 2 + 1]; narrow ones are widened to one bin, so that none is empty."""
    low, high = _mel(20.0), _mel(sample_rate / 2)
    points = 700 * (10 ** (np.linspace(low, high, mels + 2) / 2595) - 1)
    bins = np.arange(size // 2 + 1) * sample_rate / size
    spacing = sample_rate / size
    centre = points[1:-1, None]
    left = np.minimum(points[:-2, None], centre - spacing)
    right = np.maximum(points[2:, None], centre + spacing)
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(filters / filters.sum(1, keepdims=True))


def _mel(frequency: float) -> float:
    return 2595 * math.log10(1 + frequency / 700)
