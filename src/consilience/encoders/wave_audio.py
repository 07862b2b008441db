"""Recordings through one-dimensional convolutions on the wave itself.

Dai et al. 2017, "Very Deep Convolutional Neural Networks for Raw Waveforms" (arXiv 1610.00087), network M5: a
first kernel of about ten milliseconds, then small kernels. For sounds whose phase or fine timing matters;
speech is heard better by `mel_audio`.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_augment import perturb
from consilience.encoders.audio_input import folded, time_pool
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.spectrogram import standardised


class WaveAudio(Encoder):
    """`time_tokens` tokens a recording, in the order of time.

    inputs: wave int16 [B, C, T], length int32 [B, C], mask bool [B, C]. facts: sample_rate.
    """

    modality = "audio"

    class Config(Encoder.Config):
        channels: tuple[int, ...] = Field((48, 48, 96, 96), min_length=1)
        """Channels of the convolutions; each but the first has a kernel of 3 and a stride of 4."""
        time_tokens: int = Field(1, ge=1, le=64)
        """Equal parts of a recording that become tokens."""
        dropout: float = Field(0.2, ge=0, lt=1)
        """Dropout of the tokens."""
        augment: bool = True
        """Change recordings at random in training."""
        speed: float = Field(0.1, ge=0, lt=0.9)
        """Largest change of speed, share."""
        delay: float = Field(0.05, ge=0)
        """Largest delay of the start, seconds."""
        noise: float = Field(0.1, ge=0)
        """Largest level of added noise, share of the recording's level."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, self.rate = config, int(facts["sample_rate"])
        kernel = max(9, round(0.01 * self.rate) // 2 * 2 + 1)
        self.stride = max(4, kernel // 10)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        inside = 1
        for i, channels in enumerate(config.channels):
            size, stride = (kernel, self.stride) if i == 0 else (5, 4)
            self.convs.append(nn.Conv1d(inside, channels, size, stride, size // 2, bias=False))
            self.norms.append(MaskedBatchNorm(channels))
            inside = channels
        self.width = 2 * inside
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        wave, length, present = folded(inputs)
        shape = (self.options.time_tokens, self.width)
        x = on_present(self.hear, present, shape, wave, length, skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, shape[0]))
        return tokens

    def hear(self, wave: Tensor, length: Tensor) -> Tensor:
        """wave [N, T], length [N] → [N, time_tokens, width]."""
        options = self.options
        if self.training and options.augment:
            delay = round(options.delay * self.rate)
            wave, length = perturb(wave, length, options.speed, delay, options.noise)
        mask = torch.arange(wave.shape[1], device=wave.device) < length[:, None]
        x = standardised(wave, mask).unsqueeze(1)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            mask = mask[:, :: self.stride if i == 0 else 4]  # position t of the result stands over stride · t
            x = torch.relu(norm(conv(x), mask))
        pooled: Tensor = self.dropout(time_pool(x.transpose(1, 2), mask, options.time_tokens))
        return pooled
