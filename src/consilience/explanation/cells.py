"""How much each number, category, date and any other cell without pieces moved the default prediction, and which
values it could have had.

A cell's effect is the prediction minus the mean prediction with the values that the training rows have in that column
in its place (Robnik-Šikonja & Kononenko 2008; the one-column case of Štrumbelj & Kononenko 2010). It asks the whole
model, references included, and needs no gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.artifacts.bundle import Bundle
from consilience.artifacts.network import Index
from consilience.core.registry import find, get
from consilience.explanation.remembering import expected_rows, remembering
from consilience.explanation.screening import promising
from consilience.explanation.subject import LARGEST_BATCH, Subject
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

VALUES = 8
"""Values of a column that stand in for a cell."""
BUDGET, LEAST_BUDGET, COLUMNS = 4096, 512, 128
"""Changed rows that a call may put to the model; a quarter of it where the table has media, which cost more, and less
in proportion beyond so many columns."""


class Cell(NamedTuple):
    """A column of a table group: place is its position inside the group."""

    group: str
    place: int
    column: str


Change = tuple[Cell, Arrays, int]
"""A cell, the arrays to take its value from, and the row of these."""


def cells_of(bundle: Bundle) -> list[Cell]:
    """Every cell that a row has, in the recipe's order; groups of media, and of what falls into pieces, have none."""
    return [
        Cell(name, place, column)
        for name, group in bundle.recipe.groups.items()
        if _is_whole(str(group.modality))
        for place, column in enumerate(bundle.facts["groups"][name]["columns"])
    ]


def _is_whole(modality: str) -> bool:
    return find("pieces", modality) is None and not get("modality", modality).media


def budget(bundle: Bundle) -> int:
    """Changed rows that may be put to the model for one answer."""
    media = any(get("modality", str(g.modality)).media for g in bundle.recipe.groups.values())
    most = BUDGET // 4 if media else BUDGET
    return max(LEAST_BUDGET, min(most, most * COLUMNS // max(len(cells_of(bundle)), 1)))


def backdrop(bundle: Bundle, train: Subject | None, count: int) -> dict[str, Arrays]:
    """group → `count` rows of stand-in values for every column, each column spread evenly over its training values.

    Without training rows what was learned from them serves: evenly spaced quantiles of a number, the most frequent
    values of a category; any other cell is hidden.
    """
    groups = dict.fromkeys(cell.group for cell in cells_of(bundle))
    known = None if train is None or not len(train) else train
    return {g: _facts_rows(bundle, g, count) if known is None else _spread(known.arrays[g], count) for g in groups}


def _spread(arrays: Arrays, count: int) -> Arrays:
    """Column by column the rows at evenly spaced ranks; missing cells are left out where others are there."""
    found = {name: np.zeros((count, *a.shape[1:]), a.dtype) for name, a in arrays.items()}
    for place in range(arrays["mask"].shape[1]):
        mask = arrays["mask"][:, place].reshape(len(arrays["mask"]), -1)[:, 0]
        main = next(a for name, a in arrays.items() if name != "mask")[:, place]
        first = main.reshape(len(main), -1)[:, 0]
        there = np.flatnonzero(mask) if mask.any() else np.arange(len(mask))
        ranked = there[np.argsort(first[there], kind="stable")]
        rows = ranked[((np.arange(count) + 0.5) / count * len(ranked)).astype(np.int64)]
        for name, array in arrays.items():
            found[name][:, place] = array[rows, place]
    return found


def _facts_rows(bundle: Bundle, group: str, count: int) -> Arrays:
    facts, modality = bundle.facts["groups"][group], bundle.recipe.groups[group].modality
    columns = len(facts["columns"])
    if modality == "number":
        share = (np.arange(count) + 0.5) / count
        value = np.stack([np.interp(share, np.linspace(0, 1, len(q)), q) for q in facts["quantiles"]], 1)
        return {"value": value.astype(np.float32), "mask": np.ones((count, columns), bool)}
    if modality == "category":
        index = np.zeros((count, columns, int(facts["values"])), np.int32)
        mask = np.zeros(index.shape, bool)
        for place, vocabulary in enumerate(facts["vocabulary"]):
            index[:, place, 0] = 1 + np.arange(count) % max(len(vocabulary), 1)
            mask[:, place, 0] = bool(vocabulary)
        return {"index": index, "mask": mask}
    empty = {str(name): pl.Series(name, [None] * count, pl.String) for name in facts["columns"]}
    arrays: Arrays = get("modality", str(modality)).arrays(empty, facts).arrays
    return arrays


def predict_changed(subject: Subject, variants: list[tuple[int, list[Change]]]) -> Array:
    """Default predictions [len(variants), K] of rows with some cells changed: (row, changes) each."""
    changing = {cell.group for _, changes in variants for cell, _, _ in changes}

    def fill(copied: Subject, start: int) -> None:
        for at, (_, changes) in enumerate(variants[start : start + len(copied)]):
            for cell, source, chosen in changes:
                for name, array in copied.arrays[cell.group].items():
                    array[at, cell.place] = source[name][chosen, cell.place]

    return _predict_copies(subject, np.array([row for row, _ in variants], np.int64), changing, fill)


def predict_without(subject: Subject, rows: Index, keep: Array, typical: dict[str, Arrays]) -> Array:
    """Default predictions [len(rows), K] of rows whose cells are typical (row 0 of `typical`) where `keep` is False.

    Args:
        rows: int64 [b] (0..n-1). keep: bool [b, C], in the order of `cells_of`.
    """
    cells = cells_of(subject.bundle)

    def fill(copied: Subject, start: int) -> None:
        for group, source in typical.items():
            columns = [at for at, cell in enumerate(cells) if cell.group == group]
            kept = keep[start : start + len(copied), columns]
            for name, array in copied.arrays[group].items():
                wide = kept.reshape(*kept.shape, *(1,) * (array.ndim - 2))
                array[...] = np.where(wide, array, source[name][:1])

    return _predict_copies(subject, np.asarray(rows, np.int64), set(typical), fill)


def _predict_copies(
    subject: Subject, rows: Index, changing: Collection[str], fill: Callable[[Subject, int], None]
) -> Array:
    """Predictions of copies of `rows`; `fill(copies, number of the first)` changes the groups in `changing`."""
    kept = [group for group in subject.arrays if group not in changing]
    asked = replace(subject, bundle=remembering(subject.bundle, subject.arrays, kept))
    parts = []
    for start in range(0, len(rows), LARGEST_BATCH):
        part = rows[start : start + LARGEST_BATCH]
        expected_rows(asked.bundle, part)
        copied = asked.at(part)
        fill(copied, start)
        parts.append(copied.predict())
    return np.concatenate(parts) if parts else np.zeros((0, 1))


def cell_effects(subject: Subject, classes: Index, train: Subject | None) -> Array:
    """[n, C] effect of each cell of `cells_of` on the prediction of class `classes` [n], in its unit.

    Of wide tables only the most promising cells of each row are asked about (`screening`); the other numbers get the
    networks' integrated gradient, brought to the scale of those asked about in the row, other categories and dates 0.
    """
    cells, rows = cells_of(subject.bundle), len(subject)
    effects = np.zeros((rows, len(cells)))
    if not cells or not rows:
        return effects
    places: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        places.setdefault(cell.group, []).append(at)
    chosen, terms = promising(subject, classes, backdrop(subject.bundle, train, 1), places)
    row, place = np.nonzero(chosen)
    count = int(np.clip(budget(subject.bundle) // len(row), 1, VALUES))
    stand = backdrop(subject.bundle, train, count)
    variants: list[tuple[int, list[Change]]] = [
        (int(r), [(cells[c], stand[cells[c].group], k)]) for r, c in zip(row, place, strict=True) for k in range(count)
    ]
    said = predict_changed(subject, variants)[np.arange(len(variants)), np.repeat(classes[row], count)]
    whole = subject.predict()[np.arange(rows), classes]
    effects[row, place] = whole[row] - said.reshape(-1, count).mean(1)
    asked = np.where(chosen, terms, 0.0)
    scale = (asked * effects).sum(1) / np.maximum((asked**2).sum(1), 1e-12)
    return np.where(chosen, effects, np.maximum(scale, 0.0)[:, None] * terms)


def shown_value(subject: Subject, row: int, cell: Cell) -> str:
    """The cell as given, or as the model reads it where the table's cells are not at hand; "" when missing."""
    if cell.column in subject.cells.columns:
        value = subject.cells[cell.column][row]
        return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return read_value(subject.bundle, subject.arrays[cell.group], row, cell)


def read_value(bundle: Bundle, arrays: Arrays, row: int, cell: Cell) -> str:
    """A number or category cell of prepared arrays as a person writes it; "" when missing or any other."""
    facts, modality = bundle.facts["groups"][cell.group], bundle.recipe.groups[cell.group].modality
    if not arrays["mask"][row, cell.place].any() or modality not in ("number", "category"):
        return ""
    if modality == "number":
        value = float(arrays["value"][row, cell.place]) * facts["std"][cell.place] + facts["mean"][cell.place]
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    vocabulary = facts["vocabulary"][cell.place]
    index = arrays["index"][row, cell.place][arrays["mask"][row, cell.place]]
    return ", ".join(vocabulary[i - 1] if i else "?" for i in index)
