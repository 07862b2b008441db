"""Recordings as log-mel spectrograms through a small residual CNN.

Hershey et al. 2017, "CNN Architectures for Large-Scale Audio Classification" (arXiv 1609.09430), made small;
trained with SpecAugment (Park et al. 2019, arXiv 1904.08779) and speed perturbation (Ko et al. 2015). Each
recording is normalised by itself, so its loudness tells nothing and no gain needs to be augmented.
"""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_augment import perturb, spec_augment
from consilience.encoders.audio_input import folded, time_pool
from consilience.encoders.base import Encoder, Trunk
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.masked_norm import MaskedBatchNorm
from consilience.encoders.spectrogram import LogMel


class MelAudio(Encoder):
    """`time_tokens` tokens a recording, in the order of time.

    inputs: wave int16 [B, C, T], length int32 [B, C], mask bool [B, C]. facts: sample_rate.
    """

    modality = "audio"
    convolves = True

    class Config(Encoder.Config):
        mels: int = Field(48, ge=8)
        """Bands of the spectrogram."""
        channels: tuple[int, ...] = Field((16, 32, 64), min_length=1)
        """Channels of the stages; each halves time and frequency; all but the first have a residual block."""
        width: int = Field(128, ge=1)
        """Width of a token."""
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
        noise: float = Field(0.3, ge=0)
        """Largest level of added noise, share of the recording's level."""
        hidden_bands: float = Field(0.2, ge=0, le=1)
        """Largest share of the bands hidden."""
        hidden_frames: float = Field(0.2, ge=0, le=1)
        """Largest share of the time hidden."""

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options = config
        self.rate = int(facts["sample_rate"])
        self.mel = LogMel(self.rate, config.mels)
        inside, height = 1, config.mels
        stages: list[nn.Module] = []
        for i, channels in enumerate(config.channels):
            stages += [_Down(inside, channels), *([_Residual(channels)] if i else [])]
            inside, height = channels, -(-height // 2)
        self.stages = nn.ModuleList(stages)
        self.collapse = nn.Linear(inside * height, config.width)
        self.norm = MaskedBatchNorm(config.width)
        self.width = 2 * config.width
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        wave, length, present = folded(inputs)
        shape = (self.options.time_tokens, self.width)
        x = on_present(self.hear, present, shape, wave, length, skip=self.training)
        tokens: Tokens = self.columns(x, present.unsqueeze(1).expand(-1, shape[0]))
        return tokens

    def trunk(self) -> Trunk:
        samples = max(self.rate, 1)
        return Trunk((torch.zeros(2, samples), torch.full((2,), samples)), self.hear)

    def hear(self, wave: Tensor, length: Tensor) -> Tensor:
        """wave [N, T], length [N] → [N, time_tokens, width]."""
        options, augment = self.options, self.training and self.options.augment
        if augment:
            delay = round(options.delay * self.rate)
            wave, length = perturb(wave, length, options.speed, delay, options.noise)
        mel, mask = self.mel(wave, length)
        if augment:
            mel = spec_augment(mel, mask, options.hidden_bands, options.hidden_frames)
        x = mel.transpose(1, 2).unsqueeze(1)  # [N, 1, time, frequency]
        for stage in self.stages:
            x, mask = stage(x, mask)
        x = self.collapse(x.transpose(1, 2).flatten(2)).transpose(1, 2)
        x = torch.relu(self.norm(x, mask))
        pooled: Tensor = self.dropout(time_pool(x.transpose(1, 2), mask, options.time_tokens))
        return pooled


class _Down(nn.Module):
    """A 3×3 convolution that halves time and frequency; place t of the result stands over place 2t."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, 2, 1, bias=False)
        self.norm = MaskedBatchNorm(outside)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = mask[:, ::2]
        return torch.relu(self.norm(self.conv(x), mask)), mask


class _Residual(nn.Module):
    """x + two 3×3 convolutions, padding kept at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([MaskedBatchNorm(channels), MaskedBatchNorm(channels)])

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.relu(self.norms[0](self.first(x), mask))
        return torch.relu(x + self.norms[1](self.second(y), mask)), mask
