"""Images: noise, blur and darkness; their light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from consilience.evaluation.weaknesses.previews import picture_address
from consilience.evaluation.weaknesses.probes.base import MISSING, Probe, Random, Shown, Worn, normal
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]


def image_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise on grey values of 0..1."""
    noise = normal(random, 255 * deviations, arrays["pixels"].shape)
    return _pixels(arrays, arrays["pixels"] + noise)


def blurred(arrays: Arrays, side: float, random: Random) -> Arrays:
    """Gaussian blur; its standard deviation as a share of the longer side."""
    import cv2

    pixels = arrays["pixels"]
    sigma = side * max(pixels.shape[2:4])
    found = pixels.copy()
    for row, column in zip(*np.nonzero(arrays["mask"]), strict=True):
        image = cv2.GaussianBlur(pixels[row, column], (0, 0), sigma)
        found[row, column] = image.reshape(pixels.shape[2:])
    return {**arrays, "pixels": found}


def darkened(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Every grey value loses this share."""
    return _pixels(arrays, arrays["pixels"] * np.float32(1 - share))


def _pixels(arrays: Arrays, values: Array) -> Arrays:
    shown = arrays["mask"].reshape(arrays["mask"].shape + (1,) * 3)
    return {**arrays, "pixels": np.where(shown, np.clip(np.rint(values), 0, 255), 0).astype(np.uint8)}


@final
class ImageProbe(Probe):
    """Images get noisy, blurred and dark; rows are told apart by brightness and contrast."""

    wears: ClassVar[tuple[Worn, ...]] = (
        MISSING,
        Worn("image_noise", (0.05, 0.1, 0.2, 0.4), "grey", image_noise),
        Worn("blur", (0.01, 0.02, 0.04, 0.08), "side", blurred),
        Worn("dark", (0.2, 0.4, 0.6, 0.8), "share", darkened),
    )
    measures: ClassVar[bool] = True

    @staticmethod
    def measured(arrays: Arrays, facts: Mapping[str, Any]) -> dict[str, Array]:
        """Brightness and contrast, 0..1: mean and standard deviation of the grey values; NaN where missing."""
        pixels, mask = arrays["pixels"], arrays["mask"]
        grey = pixels.mean(-1, dtype=np.float32) / 255
        means, spread = grey.mean((-1, -2)), grey.std((-1, -2))
        return {"brightness": np.where(mask, means, np.nan), "contrast": np.where(mask, spread, np.nan)}

    @staticmethod
    def shown(arrays: Arrays, facts: Mapping[str, Any], place: int) -> Shown | None:
        if not arrays["mask"][0, place]:
            return None
        return Shown("images", picture_address(arrays["pixels"][0, place]))
