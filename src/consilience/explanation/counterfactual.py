"""The smallest change of one or two cells that would have changed the prediction, within values seen in training.

Wachter et al. 2017, "Counterfactual Explanations without Opening the Black Box" (arXiv 1711.00399), by exhaustive
search over single cells and then over pairs of the cells that moved the prediction most. It says what the model would
have answered, not what would have happened to the patient.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.bundle import Bundle
from consilience.core.errors import InputError, nearest
from consilience.explanation.cells import (
    Cell,
    Change,
    backdrop,
    budget,
    cells_of,
    predict_changed,
    read_value,
    shown_value,
)
from consilience.explanation.subject import Subject
from consilience.modalities.base import Arrays

Array = np.ndarray[Any, Any]

LOOKED = 16
"""Cells that are looked at."""
LEVELS = 12
"""Values tried for a cell at most, at evenly spaced ranks of the training rows."""
PAIRED, PAIR_LEVELS = 4, 4
"""Cells, and values of each, that are paired when no single change is enough."""
CATEGORY = 0.5
"""Distance of a change of category, where one from the lowest to the highest number counts 1."""


class Limits(NamedTuple):
    """train: rows whose values count as seen; None = what was learned from them. fixed: columns that must not change.
    step: regression: least move of the prediction."""

    train: Subject | None = None
    fixed: Collection[str] = ()
    step: float = 1.0


class Option(NamedTuple):
    """A change of one cell and how large it is."""

    change: Change
    distance: float


class Counterfactual(NamedTuple):
    """changes: (column, value as given, other value); prediction: [K] after them."""

    changes: tuple[tuple[str, str, str], ...]
    prediction: Array


def check_fixed(bundle: Bundle, fixed: Collection[str]) -> None:
    """
    Raises:
        InputError: when a column that must not change is none of the model's.
    """
    for column in fixed:
        if column not in bundle.columns:
            raise InputError(f"no column {column!r}", where="--fixed", fix=nearest(column, bundle.columns))


def counterfactual(subject: Subject, row: int, wanted: int, effects: Array, limits: Limits) -> Counterfactual | None:
    """The smallest change that flips row `row`; None when no change of at most two cells does.

    Looked at are the LOOKED cells with the largest effects [C] (`cells.cell_effects`) in this row.

    A flip: the class `wanted` is predicted where it was not, or no longer where it was; a label crosses one half; a
    number moves by `limits.step` at least.
    """
    one = subject.at(np.array([row], np.int64))
    task, before = subject.bundle.task.kind, one.predict()[0]
    options = _options(one, effects, limits)
    if not options:
        return None
    singles = predict_changed(one, [(0, [option.change]) for option in options])
    sizes = np.array([option.distance for option in options])
    flips = _flips(task, before, singles, wanted, limits.step)
    if flips.any():
        best = int(np.flatnonzero(flips)[np.argmin(sizes[flips])])
        return _told(one, [options[best]], singles[best])
    moved = np.abs(singles[:, wanted] - before[wanted])
    pairs = list(_pairs(options, moved))
    if not pairs:
        return None
    doubles = predict_changed(one, [(0, [options[a].change, options[b].change]) for a, b in pairs])
    flips = _flips(task, before, doubles, wanted, limits.step)
    if not flips.any():
        return None
    total = np.array([options[a].distance + options[b].distance for a, b in pairs])
    best = int(np.flatnonzero(flips)[np.argmin(total[flips])])
    return _told(one, [options[place] for place in pairs[best]], doubles[best])


def _options(one: Subject, effects: Array, limits: Limits) -> list[Option]:
    bundle, every = one.bundle, cells_of(one.bundle)
    ranked = [every[at] for at in np.argsort(-np.abs(effects), kind="stable")]
    cells = [c for c in ranked if c.column not in limits.fixed and _changeable(bundle, c)][:LOOKED]
    levels = int(np.clip(budget(bundle) // 16 // max(len(cells), 1), 3, LEVELS))
    stand = backdrop(bundle, limits.train, levels)
    found = []
    for cell in cells:
        own = one.arrays[cell.group]
        if not own["mask"][0, cell.place].any():
            continue  # a missing value has no distance to another
        found += _levels(bundle, cell, own, stand[cell.group])
    return found


def _changeable(bundle: Bundle, cell: Cell) -> bool:
    """Numbers, and categories of one value; dates and sets are left as they are."""
    modality, facts = bundle.recipe.groups[cell.group].modality, bundle.facts["groups"][cell.group]
    return modality == "number" or (modality == "category" and facts["separator"][cell.place] is None)


def _levels(bundle: Bundle, cell: Cell, own: Arrays, stand: Arrays) -> list[Option]:
    """Each other value of a cell once, with its distance."""
    name = "value" if "value" in own else "index"
    values = stand[name][:, cell.place].reshape(len(stand[name]), -1)[:, 0]
    mine = own[name][0, cell.place].reshape(-1)[0]
    ranked = np.sort(values)
    found: list[Option] = []
    _, first = np.unique(values, return_index=True)
    for at in sorted(first.tolist()):
        if values[at] == mine or not stand["mask"][at, cell.place].any():
            continue
        ranks = [np.searchsorted(ranked, v, side) for v in (values[at], mine) for side in ("left", "right")]
        apart = abs((ranks[0] + ranks[1]) - (ranks[2] + ranks[3])) / 2 / len(ranked)
        distance = CATEGORY if name == "index" else float(max(apart, 0.5 / len(ranked)))
        found.append(Option((cell, stand, at), distance))
    return found


def _pairs(options: list[Option], moved: Array) -> Any:
    """Pairs of options on different cells, of the cells and values that moved the prediction most."""
    best: dict[Cell, list[int]] = {}
    for place in np.argsort(-moved, kind="stable").tolist():
        cell = options[place].change[0]
        if cell in best or len(best) < PAIRED:
            chosen = best.setdefault(cell, [])
            if len(chosen) < PAIR_LEVELS:
                chosen.append(place)
    for a, b in combinations(best.values(), 2):
        yield from product(a, b)


def _flips(kind: str, before: Array, after: Array, wanted: int, step: float) -> Array:
    """bool [len(after)]."""
    if kind == "regression":
        return np.asarray(np.abs(after[:, 0] - before[0]) >= step)
    if kind == "multilabel":
        return np.asarray((after[:, wanted] >= 0.5) != (before[wanted] >= 0.5))
    return np.asarray((after.argmax(1) == wanted) != (before.argmax() == wanted))


def _told(one: Subject, options: list[Option], prediction: Array) -> Counterfactual:
    changes = []
    for (cell, stand, at), _ in options:
        changes.append((cell.column, shown_value(one, 0, cell), read_value(one.bundle, stand, at, cell)))
    return Counterfactual(tuple(changes), prediction)
