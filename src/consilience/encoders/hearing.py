"""Audio networks of transformers as one kind of module: a wave and its length in, positions in time out.

Every recording is padded to the same number of samples, in training as in service: how far a batch was padded must not
show, and some of these networks normalise over all the samples that they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from consilience.core.errors import InputError, nearest
from consilience.encoders.audio_input import time_mean
from consilience.encoders.frame_spectrogram import FRAME, HOP, KaldiMel, WhisperMel
from consilience.encoders.pretrained.described import configured, described, plain, saved_tensors
from consilience.encoders.pretrained.transformers_body import library
from consilience.encoders.spectrogram import standardised

WAVE = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "unispeech", "unispeech-sat")
WHISPER, AST = "whisper", "audio-spectrogram-transformer"
RANDOM = {
    "layerdrop": 0.0,
    "encoder_layerdrop": 0.0,
    "mask_time_prob": 0.0,
    "mask_feature_prob": 0.0,
    "apply_spec_augment": False,
}
"""What these networks draw with a random state of their own, or leave out at random: off."""
STEP = 2 * HOP
"""Samples between two positions of Whisper."""
AUDIOSET = (-4.2677393, 4.5689974)
"""Mean and spread of AST's features, where its folder does not say."""


def described_sound(config: Mapping[str, Any], sound: Mapping[str, Any], samples: int) -> dict[str, Any]:
    """Facts with which `hearing` builds the network again: {"config", "samples", "normal", "mean", "std"}.

    Args:
        config: of a model of transformers, as JSON. sound: what its folder says of how recordings are prepared.
        samples: longest recording, 16 kHz; cut to what the network takes.
    Raises:
        InputError: when the architecture is not one of these.
    """
    made = configured(config)
    if made.model_type not in (*WAVE, WHISPER, AST):
        known = (*WAVE, WHISPER, AST)
        raise InputError(
            f"{made.model_type!r} is no audio network that is known here", fix=nearest(made.model_type, known)
        )
    quiet = {name: value for name, value in RANDOM.items() if hasattr(made, name)}
    if made.model_type == WHISPER:
        positions = min(made.max_source_positions, -(-samples // STEP))
        quiet["max_source_positions"], samples = positions, positions * STEP
    elif made.model_type == AST:
        frames = min(made.max_length, max(made.patch_size, 1 + -(-(samples - FRAME) // HOP)))
        quiet["max_length"], samples = frames, FRAME + (frames - 1) * HOP
    else:
        samples = max(FRAME, samples)
    mean, std = (float(sound.get(name, usual)) for name, usual in zip(("mean", "std"), AUDIOSET, strict=True))
    normal = bool(sound.get("do_normalize", True))
    return {"config": {**plain(made), **quiet}, "samples": samples, "normal": normal, "mean": mean, "std": std}


def hearing(facts: Mapping[str, Any]) -> Hearing:
    """The network that `described_sound` described, with random weights."""
    config = configured(facts["config"])
    if config.model_type == WHISPER:
        return Whisper(config, facts)
    return Patches(config, facts) if config.model_type == AST else Wave(config, facts)


class Hearing(nn.Module):
    """Abstract. Waves float [N, T] in -1..1, 16 kHz, with lengths [N] → x [N, L, D] and mask [N, L] in `listen`."""

    network: Any
    width: int

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.samples = int(facts["samples"])

    def forward(self, wave: Tensor, length: Tensor, parts: int) -> Tensor:
        """[N, parts, D]: means over equal parts of a recording's real time."""
        wave = F.pad(wave, (0, self.samples))[:, : self.samples]
        if torch.is_autocast_enabled(wave.device.type):
            with torch.autocast(wave.device.type, enabled=False):  # bfloat16 would round quiet bands away
                seen = self.prepare(wave, length)
        else:
            seen = self.prepare(wave, length)
        return self.listen(seen, length.clamp(max=self.samples), parts)

    def prepare(self, wave: Tensor, length: Tensor) -> Tensor:
        """What the network is given."""
        raise NotImplementedError

    def listen(self, seen: Tensor, length: Tensor, parts: int) -> Tensor:
        raise NotImplementedError

    def saved(self, name: str) -> dict[str, Tensor]:
        """Pretrained tensors under this module's names."""
        raise NotImplementedError


class Wave(Hearing):
    """wav2vec 2.0 and its relatives: Baevski et al. 2020 (arXiv 2006.11477), HuBERT: Hsu et al. 2021 (arXiv
    2106.07447)."""

    def __init__(self, config: Any, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self.network = library().AutoModel.from_config(config)
        self.normal, self.width = bool(facts["normal"]), int(config.hidden_size)
        self.windows = list(zip(config.conv_kernel, config.conv_stride, strict=True))
        self.masked = getattr(config, "feat_extract_norm", "layer") == "layer"  # the others learned without a mask

    def prepare(self, wave: Tensor, length: Tensor) -> Tensor:
        real = torch.arange(self.samples, device=wave.device) < length[:, None]
        return standardised(wave, real) if self.normal else wave

    def listen(self, seen: Tensor, length: Tensor, parts: int) -> Tensor:
        x = self.network.feature_extractor(seen).transpose(1, 2)
        x = self.network.feature_projection(x)
        x = x[0] if isinstance(x, tuple) else x
        for kernel, stride in self.windows:
            length = torch.div(length - kernel, stride, rounding_mode="floor") + 1
        mask = torch.arange(x.shape[1], device=x.device) < length.clamp(min=1)[:, None]
        x = self.network.encoder(x, attention_mask=mask if self.masked else None).last_hidden_state
        return time_mean(x, mask, parts)

    def saved(self, name: str) -> dict[str, Tensor]:
        found = saved_tensors(type(self.network), self.network.config, name)
        return {f"network.{key}": value for key, value in found.items()}


class Whisper(Hearing):
    """The encoder of Whisper: Radford et al. 2022 (arXiv 2212.04356); its window is as long as the recordings are."""

    def __init__(self, config: Any, facts: Mapping[str, Any]) -> None:
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        super().__init__(facts)
        self.mel = WhisperMel(config.num_mel_bins)
        self.network = WhisperEncoder(config)
        self.width = int(config.d_model)

    def prepare(self, wave: Tensor, length: Tensor) -> Tensor:
        found: Tensor = self.mel(wave)
        return found

    def listen(self, seen: Tensor, length: Tensor, parts: int) -> Tensor:
        x = self.network(seen).last_hidden_state
        mask = torch.arange(x.shape[1], device=x.device) * STEP < length[:, None]
        return time_mean(x, mask, parts)

    def saved(self, name: str) -> dict[str, Tensor]:
        whole = saved_tensors(library().WhisperModel, configured(described(name, True, {})), name)
        found = {key.removeprefix("encoder."): v for key, v in whole.items() if key.startswith("encoder.")}
        place = "embed_positions.weight"
        if place in found:
            found[place] = found[place][: self.network.config.max_source_positions]
        return {f"network.{key}": value for key, value in found.items()}


class Patches(Hearing):
    """Audio Spectrogram Transformer: Gong et al. 2021 (arXiv 2104.01778); positions are cut to the recordings' time."""

    def __init__(self, config: Any, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self.mel = KaldiMel(config.num_mel_bins, float(facts["mean"]), float(facts["std"]))
        self.network = library().ASTModel(config)
        self.width, self.hop = int(config.hidden_size), int(config.time_stride) * HOP

    def prepare(self, wave: Tensor, length: Tensor) -> Tensor:
        found: Tensor = self.mel(wave)
        return found

    def listen(self, seen: Tensor, length: Tensor, parts: int) -> Tensor:
        found = self.network(seen)
        if parts == 1:
            summary: Tensor = found.pooler_output
            return summary.float().unsqueeze(1)
        bands, _ = self.network.embeddings.get_shape(self.network.config)
        x = found.last_hidden_state[:, 2:].unflatten(1, (bands, -1)).mean(1)
        mask = torch.arange(x.shape[1], device=x.device) * self.hop < length[:, None]
        return time_mean(x, mask, parts)

    def saved(self, name: str) -> dict[str, Tensor]:
        whole = configured(described(name, True, {}))
        found = saved_tensors(type(self.network), whole, name)
        place = "embeddings.position_embeddings"
        if place in found:
            bands, _ = self.network.embeddings.get_shape(whole)
            _, times = self.network.embeddings.get_shape(self.network.config)
            first, grid = found[place][:, :2], found[place][:, 2:]
            grid = grid.reshape(1, bands, -1, grid.shape[-1])
            found[place] = torch.cat([first, grid[:, :, :times].flatten(1, 2)], 1)
        return {f"network.{key}": value for key, value in found.items()}
