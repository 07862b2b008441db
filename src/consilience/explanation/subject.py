"""The rows to explain, as arrays that can be changed and put to the model again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index
from consilience.core.disciplines import disciplines_of
from consilience.data.features import Features, held_features
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

LARGEST_BATCH = 1024
"""Changed rows that are kept in memory at once."""


@dataclass(frozen=True)
class Subject:
    """n rows of a table under a model.

    arrays: group → canonical arrays [n, …]. texts: the raw text columns. cells: the table's cells as given (media
    columns may be absent).
    """

    bundle: Bundle
    arrays: dict[str, Arrays]
    texts: pl.DataFrame
    cells: pl.DataFrame

    def __len__(self) -> int:
        return len(next(iter(next(iter(self.arrays.values())).values())))

    @property
    def disciplines(self) -> dict[str, tuple[str, ...]]:
        """Discipline → groups."""
        return disciplines_of(self.bundle.recipe)

    def groups(self, *modalities: str) -> list[str]:
        """Groups of these modalities, in the recipe's order."""
        return [g for g, group in self.bundle.recipe.groups.items() if group.modality in modalities]

    def facts(self, group: str) -> dict[str, Any]:
        """What was learned of a group from the training rows."""
        return dict(self.bundle.facts["groups"][group])

    def at(self, rows: Index) -> Subject:
        """The rows at these positions, in that order; positions may repeat."""
        arrays = {g: {name: a[rows] for name, a in named.items()} for g, named in self.arrays.items()}
        cells = self.cells[rows] if self.cells.width else self.cells
        texts = self.texts[rows] if self.texts.width else self.texts
        return replace(self, arrays=arrays, texts=texts, cells=cells)

    def changed(self, arrays: Mapping[str, Arrays]) -> Subject:
        """The same rows with the arrays of some groups replaced."""
        return replace(self, arrays={**self.arrays, **arrays})

    def predict(self, hidden: Iterable[str] = ()) -> Array:
        """Default predictions float64 [n, K]; groups in `hidden` are treated as missing."""
        features = held_features(self.arrays, self.bundle.facts["groups"])
        everyone = np.arange(len(self), dtype=np.int64)
        return np.asarray(self.bundle.judge(features, self.texts, everyone, hidden).final, np.float64)


def subject_of(
    bundle: Bundle, features: Features, texts: pl.DataFrame, index: Index, cells: pl.DataFrame | None = None
) -> Subject:
    """The rows `index` of prepared features. texts: the raw text columns of all rows. cells: [n] rows, as given."""
    chosen = texts[index] if texts.width else texts
    return Subject(bundle, features.gather(index), chosen, pl.DataFrame() if cells is None else cells)


def explained_class(bundle: Bundle, predictions: Array, class_name: str | None = None) -> Index:
    """Which of the K outputs is explained for each row, int64 [n]: the predicted class (multi-label: the likeliest
    label; regression: 0), or the named one.

    Raises:
        InputError: when the model knows no such class.
    """
    from consilience.core.errors import InputError, nearest

    if class_name is None:
        return np.asarray(predictions.argmax(1), np.int64)
    classes = [str(c) for c in bundle.facts["task"].get("classes") or ()]
    if class_name not in classes:
        raise InputError(f"no class {class_name!r}", fix=nearest(class_name, classes))
    return np.full(len(predictions), classes.index(class_name), np.int64)
