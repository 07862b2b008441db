"""Sounds: noise; their length and loudness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.previews import sound_address
from consilience.evaluation.weaknesses.probes.base import MISSING, Probe, Random, Shown, Worn, normal
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

CLEAN_DECIBELS = 30.0


def audio_noise(arrays: Arrays, decibels: float, random: Random) -> Arrays:
    """White noise at a signal-to-noise ratio; `decibels`: how far under 30 dB."""
    wave, length = arrays["wave"].astype(np.float32), arrays["length"]
    inside = np.arange(wave.shape[-1]) < length[..., None]
    power = np.square(wave).sum(-1) / np.maximum(length, 1)
    noise = normal(random, 1, wave.shape)
    noise *= np.sqrt(power / 10 ** ((CLEAN_DECIBELS - decibels) / 10))[..., None]
    worse = np.clip(np.rint(wave + noise), -32768, 32767).astype(np.int16)
    return {**arrays, "wave": np.where(inside, worse, 0).astype(np.int16)}


@final
class AudioProbe(Probe):
    """Sounds get noisy; rows are told apart by seconds and loudness."""

    wears: ClassVar[tuple[Worn, ...]] = (
        MISSING,
        Worn("audio_noise", (10.0, 20.0, 25.0, 30.0), "decibels", audio_noise),
    )
    measures: ClassVar[bool] = True

    @staticmethod
    def measured(arrays: Arrays, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Seconds, and loudness in dB below full scale (root mean square); NaN where missing."""
        wave, length, mask = arrays["wave"], arrays["length"], arrays["mask"]
        power = np.square(wave.astype(np.float64) / 32768).sum(-1) / np.maximum(length, 1)
        loudness = 10 * np.log10(np.maximum(power, 1e-10))
        seconds = length / facts["sample_rate"]
        return {"seconds": np.where(mask, seconds, np.nan), "loudness": np.where(mask, loudness, np.nan)}

    @staticmethod
    def shown(arrays: Arrays, facts: Mapping[str, Any], place: int) -> Shown | None:
        if not arrays["mask"][0, place]:
            return None
        sound = arrays["wave"][0, place, : int(arrays["length"][0, place])]
        return Shown("sounds", sound_address(sound, int(facts["sample_rate"])))
