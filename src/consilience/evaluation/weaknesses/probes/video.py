"""Videos: noise and dropped frames; their light, motion and length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.previews import film_strip, picture_address
from consilience.evaluation.weaknesses.probes.base import MISSING, SHARES, Probe, Random, Shown, Worn, normal
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


def video_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise on grey values of 0..1, another in every frame."""
    noise = normal(random, 255 * deviations, arrays["frame"].shape)
    worse = np.clip(np.rint(arrays["frame"] + noise), 0, 255)
    return {**arrays, "frame": np.where(arrays["mask"][..., None, None, None], worse, 0).astype(np.uint8)}


def frames_dropped(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Frames go missing; each video keeps at least one. Kept frames move up, as those of a shorter video."""
    mask = arrays["mask"]
    score = np.where(mask, random.random(mask.shape), 2.0)
    keep = mask & ((score >= share) | (score == np.where(mask, score, -1.0).max(-1, keepdims=True)))
    order = np.argsort(~keep, axis=-1, kind="stable")
    found = {"mask": np.take_along_axis(keep, order, -1)}
    for name in ("frame", "second"):
        array = arrays[name]
        lift = (1,) * (array.ndim - mask.ndim)
        moved = np.take_along_axis(array, order.reshape(*order.shape, *lift), 2)
        found[name] = np.where(found["mask"].reshape(*mask.shape, *lift), moved, array.dtype.type(0))
    return {name: found[name] for name in arrays}


@final
class VideoProbe(Probe):
    """Videos get noisy and lose frames; rows are told apart by brightness, motion and seconds."""

    wears: ClassVar[tuple[Worn, ...]] = (
        MISSING,
        Worn("video_noise", (0.05, 0.1, 0.2, 0.4), "grey", video_noise),
        Worn("frames", SHARES, "share", frames_dropped),
    )
    measures: ClassVar[bool] = True

    @staticmethod
    def measured(arrays: Arrays, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Brightness; motion as the mean change from one kept frame to the next, 0..1; the last kept frame's second."""
        frame, mask = arrays["frame"], arrays["mask"]
        grey = frame.mean(-1, dtype=np.float32) / 255
        count, both = mask.sum(-1), mask[..., 1:] & mask[..., :-1]
        brightness = (grey.mean((-1, -2)) * mask).sum(-1) / np.maximum(count, 1)
        change = np.abs(np.diff(grey, axis=2)).mean((-1, -2)) * both
        motion = change.sum(-1) / np.maximum(both.sum(-1), 1)
        found = {"brightness": brightness, "motion": motion, "seconds": arrays["second"].max(-1, initial=0.0)}
        return {name: np.where(count > 0, values, np.nan) for name, values in found.items()}

    @staticmethod
    def shown(arrays: Arrays, facts: Mapping[str, Any], place: int) -> Shown | None:
        kept = arrays["mask"][0, place]
        return Shown("images", picture_address(film_strip(arrays["frame"][0, place][kept]))) if kept.any() else None
