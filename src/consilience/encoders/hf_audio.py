"""Audio networks of transformers on recordings: wav2vec 2.0, HuBERT, WavLM, the encoder of Whisper, AST.

Their spectrograms are tensor code in the graph, so that they run on the device and export with the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field
from torch import Tensor, nn

from consilience.core.tokens import Tokens
from consilience.encoders.audio_augment import perturb
from consilience.encoders.audio_input import folded
from consilience.encoders.base import Encoder
from consilience.encoders.columns import ColumnTokens, on_present
from consilience.encoders.hearing import described_sound, hearing
from consilience.encoders.pretrained.described import described, settings_of
from consilience.encoders.pretrained.tune import TuneConfig, body_rates, check_tune, fill, prepare_body, set_training

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

RATE = 16_000
"""Hz: what all of these networks learned at."""


class HFAudio(Encoder):
    """`time_tokens` tokens a recording, in the order of time.

    inputs: wave int16 [B, C, T], length int32 [B, C], mask bool [B, C]. facts: samples, at 16 kHz, and "network": what
    `learn` found.
    """

    modality = "audio"
    costly = True

    class Config(TuneConfig):
        model: str
        """Folder, cached name of the Hugging Face hub or package; from scratch also an architecture: wav2vec2, hubert,
        wavlm, whisper, audio-spectrogram-transformer."""
        options: dict[str, Any] = {}
        """From scratch: options of the architecture (hidden_size, num_hidden_layers …)."""
        time_tokens: int = Field(1, ge=1, le=64)
        """Equal parts of a recording that become tokens."""
        dropout: float = Field(0.1, ge=0, lt=1)
        """Dropout of the tokens."""
        augment: bool = True
        """Change recordings at random in training; not with tune: frozen."""
        speed: float = Field(0.1, ge=0, lt=0.9)
        """Largest change of speed, share."""
        delay: float = Field(0.05, ge=0)
        """Largest delay of the start, seconds."""
        noise: float = Field(0.1, ge=0)
        """Largest level of added noise, share of the recording's level."""

    @classmethod
    def settings(cls, config: Config, prepare: Prepare) -> Prepare:
        return prepare.model_copy(update={"sample_rate": RATE})

    @classmethod
    def learn(cls, config: Config, facts: Mapping[str, Any]) -> dict[str, Any]:
        check_tune(config, config.model)
        found = described(config.model, config.pretrained, config.options)
        sound = settings_of(config.model) if config.pretrained else {}
        return {"network": described_sound(found, sound, int(facts["samples"]))}

    def __init__(self, config: Config, facts: dict[str, Any]) -> None:
        super().__init__()
        self.options, self.known = config, dict(facts["network"])
        self.body = hearing(self.known)
        if config.checkpointing:
            self.body.network.gradient_checkpointing_enable({"use_reentrant": False})
        prepare_body(self.body, config)
        self.fixed = config.tune == "frozen"
        self.width = self.body.width
        self.shape = (config.time_tokens, self.width)
        self.dropout = nn.Dropout(config.dropout)
        self.columns = ColumnTokens(len(facts["columns"]), self.width)

    def begin(self) -> None:
        if self.options.pretrained:
            fill(self.body, self.body.saved(self.options.model), self.options.model)

    def rates(self) -> dict[str, float]:
        return body_rates(self.body, self.options, "body")

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        set_training(self.body, self.options, mode)
        return self

    def before(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """features [B, C, T, D] and mask [B, C]."""
        wave, length, present = folded(inputs)
        heard = self.hear(wave, length) * present.reshape(-1, 1, 1)
        shape = inputs["mask"].shape
        return {"features": heard.reshape(*shape, *self.shape), "mask": present.reshape(shape)}

    def fixed_by(self) -> str:
        return json.dumps([self.known, self.options.time_tokens], sort_keys=True)

    def forward(self, inputs: dict[str, Tensor]) -> Tokens:
        if "features" in inputs:
            x, present = inputs["features"].flatten(0, 1).float(), inputs["mask"].flatten()
        else:
            wave, length, present = folded(inputs)
            x = on_present(self.hear, present, self.shape, wave, length, skip=self.training)
        tokens: Tokens = self.columns(self.dropout(x), present.unsqueeze(1).expand(-1, self.shape[0]))
        return tokens

    def hear(self, wave: Tensor, length: Tensor) -> Tensor:
        """wave [N, T], length [N] → [N, time_tokens, width]."""
        options = self.options
        if self.training and options.augment and not self.fixed:
            wave, length = perturb(wave, length, options.speed, round(options.delay * RATE), options.noise)
        heard: Tensor = self.body(wave, length, options.time_tokens)
        return heard.float()
