"""Ways in which inputs get worse, on canonical arrays: missing cells, noise, blur, dropped words.

Strengths in the spirit of Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR 2019), but in units that a reader knows: shares of cells, standard deviations, decibels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]
Random = np.random.Generator


class Worn(NamedTuple):
    """kind: its name. strengths: rising, in `unit`. wear: makes arrays (of text: cells) worse."""

    kind: str
    strengths: tuple[float, ...]
    unit: str
    wear: Callable[[Any, float, Random], Any]


SHARES = (0.1, 0.25, 0.5, 0.75)


def missing(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Cells of the group go missing, each by itself."""
    gone = random.random(arrays["mask"].shape[:2]) < share
    return {
        name: np.where(gone.reshape(gone.shape + (1,) * (a.ndim - 2)), a.dtype.type(0), a) for name, a in arrays.items()
    }


def number_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise, in standard deviations of the training rows."""
    value = arrays["value"] + _normal(random, 0, deviations, arrays["value"].shape)
    return {**arrays, "value": np.where(arrays["mask"], np.clip(value, -10, 10), 0).astype(np.float32)}


def replaced(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Cells take the value of another row."""
    found = {name: array.copy() for name, array in arrays.items()}
    for place in range(arrays["mask"].shape[1]):
        rows = np.flatnonzero(random.random(len(arrays["mask"])) < share)
        other = random.integers(0, len(arrays["mask"]), len(rows))
        for name, array in arrays.items():
            found[name][rows, place] = array[other, place]
    return found


def image_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise on grey values of 0..1."""
    noise = _normal(random, 0, 255 * deviations, arrays["pixels"].shape)
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


def audio_noise(arrays: Arrays, decibels: float, random: Random) -> Arrays:
    """White noise at a signal-to-noise ratio; `decibels`: how far under 30 dB."""
    wave, length = arrays["wave"].astype(np.float32), arrays["length"]
    inside = np.arange(wave.shape[-1]) < length[..., None]
    power = np.square(wave).sum(-1) / np.maximum(length, 1)
    noise = _normal(random, 0, 1, wave.shape)
    noise *= np.sqrt(power / 10 ** ((CLEAN_DECIBELS - decibels) / 10))[..., None]
    worse = np.clip(np.rint(wave + noise), -32768, 32767).astype(np.int16)
    return {**arrays, "wave": np.where(inside, worse, 0).astype(np.int16)}


CLEAN_DECIBELS = 30.0


def series_noise(arrays: Arrays, deviations: float, random: Random) -> Arrays:
    """Normal noise on every observed point, in standard deviations of the training rows."""
    value = arrays["value"] + _normal(random, 0, deviations, arrays["value"].shape)
    return {**arrays, "value": np.where(arrays["observed"], value, 0).astype(np.float32)}


def steps_missing(arrays: Arrays, share: float, random: Random) -> Arrays:
    """Steps of a series go missing, all channels at once; a series of which none is left is missing."""
    kept = np.asarray(random.random(arrays["mask"].shape) >= share)
    observed = arrays["observed"] & kept[..., None]
    left = observed.any((2, 3))
    value = np.where(observed, arrays["value"], np.float32(0))
    whole = {name: a * left.reshape(left.shape + (1,) * (a.ndim - 2)) for name, a in arrays.items()}
    return {**whole, "value": value, "observed": observed}


def missing_text(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Cells of text go missing, each by itself."""
    return texts.with_columns(c.set(pl.Series(random.random(len(c)) < share), None) for c in texts.iter_columns())


def words_dropped(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Words (characters, in scripts without blanks) are left out."""

    def drop(cell: str) -> str:
        parts, joint = _parts(cell)
        return joint.join(p for p, keep in zip(parts, random.random(len(parts)) >= share, strict=True) if keep)

    return _each(texts, drop)


def letters_swapped(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Words get two neighbouring letters swapped, as by a slip of the fingers."""

    def swap(cell: str) -> str:
        parts, joint = _parts(cell)
        for i in np.flatnonzero(random.random(len(parts)) < share):
            word = parts[i]
            if len(word) > 1:
                at = int(random.integers(0, len(word) - 1))
                parts[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            elif i + 1 < len(parts) and not joint:
                parts[i], parts[i + 1] = parts[i + 1], parts[i]
        return joint.join(parts)

    return _each(texts, swap)


def _parts(cell: str) -> tuple[list[str], str]:
    """The words of a text and what joins them; the characters where there are hardly any blanks."""
    words = cell.split()
    return (words, " ") if len(words) > 1 + len(cell) / 30 or len(cell) < 8 else (list(cell), "")


def _each(texts: pl.DataFrame, change: Callable[[str], str]) -> pl.DataFrame:
    """A text of which nothing is left is missing."""
    changed = [
        pl.Series(c.name, [None if cell is None else change(cell) or None for cell in c.to_list()], dtype=pl.String)
        for c in texts.iter_columns()
    ]
    return pl.DataFrame(changed)


def _normal(random: Random, mean: float, deviation: float, shape: tuple[int, ...]) -> Array:
    return np.asarray(random.normal(mean, deviation, shape), np.float32)


MISSING = Worn("missing", SHARES, "share", missing)
WEAR: dict[str, tuple[Worn, ...]] = {
    "number": (MISSING, Worn("noise", (0.1, 0.25, 0.5, 1.0), "deviations", number_noise)),
    "category": (MISSING, Worn("replaced", SHARES, "share", replaced)),
    "date": (MISSING,),
    "image": (
        MISSING,
        Worn("image_noise", (0.05, 0.1, 0.2, 0.4), "grey", image_noise),
        Worn("blur", (0.01, 0.02, 0.04, 0.08), "side", blurred),
        Worn("dark", (0.2, 0.4, 0.6, 0.8), "share", darkened),
    ),
    "series": (
        MISSING,
        Worn("series_noise", (0.1, 0.25, 0.5, 1.0), "deviations", series_noise),
        Worn("steps", SHARES, "share", steps_missing),
    ),
    "audio": (MISSING, Worn("audio_noise", (10.0, 20.0, 25.0, 30.0), "decibels", audio_noise)),
    "text": (
        Worn("missing", SHARES, "share", missing_text),
        Worn("words", SHARES, "share", words_dropped),
        Worn("letters", (0.05, 0.1, 0.25, 0.5), "share", letters_swapped),
    ),
}
"""Modality → what can happen to it; of text the raw cells are worn, of all others the arrays."""
