"""What rows can be told apart by: cells, lengths and scripts of texts, light of images, length and loudness of sounds,
light, motion and length of videos.

Everything is read from what evaluation already holds: the table's cells and the prepared features. Nothing is
decoded again, so the size of an image in its file is not among the traits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.evaluation.evidence import Rows
from consilience.evaluation.weaknesses.probes.base import probe_of
from consilience.evaluation.weaknesses.trait import Trait
from consilience.modalities.base import Arrays
from consilience.modalities.cells import as_number, as_text
from consilience.modalities.date_formats import choose_formats, parse

Array = np.ndarray[Any, Any]

MOST_COLUMNS = 80
"""Columns looked at, the first of the table: of six hundred genes most slices would be chance."""
FEW_VALUES = 8
"""Whole numbers with no more distinct values than this are taken one by one."""
BLOCK = 512


def traits_of(rows: Rows, bundle: Bundle, skip: Iterable[str] = ()) -> list[Trait]:
    """The traits of the rows, columns in the order of the table; `skip`: columns left out (target, split)."""
    left_out = set(skip)
    modality = dict(bundle.recipe.columns)
    found: list[Trait] = []
    for name in [c for c in rows.frame.columns if c not in left_out][:MOST_COLUMNS]:
        found += _of_column(rows.frame[name], modality.get(name, "ignore"))
    for group in bundle.groups:
        if probe_of(str(bundle.recipe.groups[group].modality)).measures:
            found += _of_media(rows, bundle, group)
    return found


def _of_column(column: pl.Series, modality: str) -> list[Trait]:
    name = column.name
    probe = probe_of(modality)
    if probe.measures or column.dtype == pl.Binary:
        return []
    if (told := probe.told(column)) is not None:
        return told
    if modality == "date" or column.dtype.is_temporal():
        return [Trait(name, "value", parse(column, choose_formats(column)), date=True)]
    numbers = as_number(column)
    text = as_text(column)
    given = len(text) - text.null_count()
    counts = modality == "number" or (modality == "ignore" and len(numbers) - numbers.null_count() >= 0.95 * given > 0)
    if counts and (modality == "number" or numbers.n_unique() > FEW_VALUES):
        return [Trait(name, "value", numbers.to_numpy().astype(np.float64))]
    return [Trait(name, "value", text=text)]


def _of_media(rows: Rows, bundle: Bundle, group: str) -> list[Trait]:
    facts = bundle.facts["groups"][group]
    measure = probe_of(facts["modality"]).measured
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
