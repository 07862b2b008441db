"""What rows can be told apart by: cells, lengths and scripts of texts, light of images, length and loudness of sounds.

Everything is read from what evaluation already holds: the table's cells and the prepared features. Nothing is
decoded again, so the size of an image in its file is not among the traits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.evaluation.evidence import Rows
from consilience.modalities.base import Arrays
from consilience.modalities.cells import as_number, as_text
from consilience.modalities.date_formats import choose_formats, parse

Array = np.ndarray[Any, Any]

MOST_COLUMNS = 80
"""Columns looked at, the first of the table: of six hundred genes most slices would be chance."""
FEW_VALUES = 8
"""Whole numbers with no more distinct values than this are taken one by one."""
SCRIPTS = {
    "Han": r"\p{Han}",
    "Latin": r"\p{Latin}",
    "Cyrillic": r"\p{Cyrillic}",
    "Arabic": r"\p{Arabic}",
    "Devanagari": r"\p{Devanagari}",
    "Kana": r"[\p{Hiragana}\p{Katakana}]",
    "Hangul": r"\p{Hangul}",
}
BLOCK = 512


class Trait(NamedTuple):
    """column; what of it: value, length, script, brightness, contrast, seconds, loudness or presence.

    number: float64 [N], NaN where missing; text: String [N], null where missing. One of them is None. date: the
    number is seconds since 1970.
    """

    column: str
    what: str
    number: Array | None = None
    text: pl.Series | None = None
    date: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.column, self.what


def traits_of(rows: Rows, bundle: Bundle, skip: Iterable[str] = ()) -> list[Trait]:
    """The traits of the rows, columns in the order of the table; `skip`: columns left out (target, split)."""
    left_out = set(skip)
    modality = dict(bundle.recipe.columns)
    found: list[Trait] = []
    for name in [c for c in rows.frame.columns if c not in left_out][:MOST_COLUMNS]:
        found += _of_column(rows.frame[name], modality.get(name, "ignore"))
    for group in bundle.groups:
        if bundle.recipe.groups[group].modality in ("image", "audio", "series"):
            found += _of_media(rows, bundle, group)
    return found


def _of_column(column: pl.Series, modality: str) -> list[Trait]:
    name = column.name
    if modality in ("image", "audio", "series") or column.dtype == pl.Binary:
        return []
    if modality == "text":
        text = as_text(column)
        length = text.str.len_chars().cast(pl.Float64).to_numpy()
        return [Trait(name, "length", length), Trait(name, "script", text=scripts(text))]
    if modality == "date" or column.dtype.is_temporal():
        return [Trait(name, "value", parse(column, choose_formats(column)), date=True)]
    numbers = as_number(column)
    text = as_text(column)
    given = len(text) - text.null_count()
    counts = modality == "number" or (modality == "ignore" and len(numbers) - numbers.null_count() >= 0.95 * given > 0)
    if counts and (modality == "number" or numbers.n_unique() > FEW_VALUES):
        return [Trait(name, "value", numbers.to_numpy().astype(np.float64))]
    return [Trait(name, "value", text=text)]


def scripts(text: pl.Series) -> pl.Series:
    """The script that most letters of each text are written in; null where there are none."""
    counts = pl.DataFrame({name: text.str.count_matches(pattern).fill_null(0) for name, pattern in SCRIPTS.items()})
    best = counts.to_numpy()
    names = np.array(list(SCRIPTS), object)[best.argmax(1)] if len(best) else np.zeros(0, object)
    return pl.Series(names.tolist(), dtype=pl.String).set(pl.Series(best.sum(1) == 0), None)


def _of_media(rows: Rows, bundle: Bundle, group: str) -> list[Trait]:
    facts = bundle.facts["groups"][group]
    measure = {"image": _light, "audio": _sound, "series": _course}[str(facts["modality"])]
    blocks = [measure(arrays, facts) for arrays in blocks_of(rows, group)]
    names = list(blocks[0]) if blocks else []
    found = []
    for place, column in enumerate(facts["columns"]):
        found += [Trait(column, n, np.concatenate([b[n][:, place] for b in blocks])) for n in names]
    return found


def blocks_of(rows: Rows, group: str) -> Iterator[Arrays]:
    """The arrays of a group, some rows at a time."""
    for start in range(0, len(rows), BLOCK):
        yield rows.features.gather(rows.index[start : start + BLOCK])[group]


def _light(arrays: Arrays, facts: dict[str, Any]) -> dict[str, Array]:
    """Brightness and contrast, 0..1: mean and standard deviation of the grey values; NaN where missing."""
    pixels, mask = arrays["pixels"], arrays["mask"]
    grey = pixels.mean(-1, dtype=np.float32) / 255
    means, spread = grey.mean((-1, -2)), grey.std((-1, -2))
    return {"brightness": np.where(mask, means, np.nan), "contrast": np.where(mask, spread, np.nan)}


def _sound(arrays: Arrays, facts: dict[str, Any]) -> dict[str, Array]:
    """Seconds, and loudness in dB below full scale (root mean square); NaN where missing."""
    wave, length, mask = arrays["wave"], arrays["length"], arrays["mask"]
    power = np.square(wave.astype(np.float64) / 32768).sum(-1) / np.maximum(length, 1)
    loudness = 10 * np.log10(np.maximum(power, 1e-10))
    seconds = length / facts["sample_rate"]
    return {"seconds": np.where(mask, seconds, np.nan), "loudness": np.where(mask, loudness, np.nan)}


def _course(arrays: Arrays, facts: dict[str, Any]) -> dict[str, Array]:
    """Steps, and mean and deviation of all observed points in standard deviations of the training rows; NaN where
    missing."""
    value, observed, there = arrays["value"].astype(np.float64), arrays["observed"], arrays["mask"].any(2)
    count = np.maximum(observed.sum((2, 3)), 1)
    mean = (value * observed).sum((2, 3)) / count
    spread = np.sqrt((np.square(value - mean[..., None, None]) * observed).sum((2, 3)) / count)
    found = {"steps": arrays["mask"].sum(2).astype(np.float64), "mean": mean, "spread": spread}
    return {name: np.where(there, figures, np.nan) for name, figures in found.items()}
