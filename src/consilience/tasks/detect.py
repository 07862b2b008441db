"""Which task a target column asks for, and why: said to the user with the setting that overrules it."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from consilience.core.errors import InputError
from consilience.data.box_cells import holds_boxes, read_cells
from consilience.modalities.base import Guess
from consilience.modalities.cells import as_number, as_text, is_missing_token
from consilience.tasks.labels import SEPARATOR, count_classes, is_label_struct, label_lists, printed_lists

FEW_INTEGERS = 20
"""Integers with more distinct values than this are amounts, not classes."""
SEVERAL_INTEGERS = 8
"""So many distinct integers, some of them in one row only, are amounts too."""
_AS_AMOUNT = ". As an amount: --set task.type=regression"
MOST_CLASSES = 1_000
NUMBER_SHARE = 0.98
"""Share of non-missing cells that must be numbers for a column of numbers."""


class Detected(NamedTuple):
    """task: registered name. kind: see `Task.kind`. reason: one sentence for the user."""

    task: str
    kind: str
    reason: str


def detect_task(values: pl.Series, chosen: str | None = None) -> Detected:
    """The task of a target column.

    Args:
        values: the target's cells, missing ones included, of the whole table.
        chosen: a registered task that the user set; it is checked against the cells, not questioned.

    Raises:
        InputError: when no cell has a value, all have the same, a class has one row only, there are as many
        classes
            as in a column of identifiers, or the cells do not fit the chosen task.
    """
    if is_label_struct(values):
        return _soft(values)
    where = f"target column {values.name!r}"
    if chosen in (None, "detection") and holds_boxes(values):
        return _boxes(values)
    if chosen == "detection":
        raise InputError(
            "the cells are no lists of boxes",
            where=where,
            fix='Write cells as [{"label": "cat", "box": [x0, y0, x1, y1]}], [] where an image has none',
        )
    text = as_text(values)
    present = text.drop_nulls()
    if present.is_empty():
        raise InputError("every cell is missing", where=where, fix="Name a column with values with --target")
    if present.n_unique() == 1:
        raise InputError(
            f"constant: every cell is {present[0]!r}", where=where, fix="A target needs at least two values"
        )
    if values.dtype.is_temporal() or values.dtype == pl.Binary:
        raise InputError(f"{values.dtype} cells cannot be a target", where=where, fix="Make it classes or numbers")
    if chosen is not None:
        return _as_chosen(values, present, chosen, where)
    return _multilabel(values, present) or _numbers(values, present, where) or _classes(present, where)


def fit_score(values: pl.Series, task: str) -> Guess:
    """1 where `detect_task` would take the task, with its reason; 0 otherwise."""
    try:
        found = detect_task(values)
    except InputError as error:
        return Guess(0.0, str(error))
    return Guess(1.0 if found.task == task else 0.0, found.reason)


def _boxes(values: pl.Series) -> Detected:
    cells = [cell for cell in read_cells(values) if cell is not None]
    boxes = [box.label for cell in cells for box in cell.boxes]
    empty = sum(not cell.boxes for cell in cells)
    without = f", {empty:,} images without any" if empty else ""
    shown = f"{len(boxes):,} boxes of {len(set(boxes)):,} classes in {len(cells):,} images{without}"
    overrule = ". Each whole cell as one class: --set task.type=classification"
    return Detected("detection", "boxes", f"detection: each cell is a list of boxes, {shown}{overrule}")


def _soft(values: pl.Series) -> Detected:
    names = values.struct.fields
    kind = "binary" if len(names) == 2 else "multiclass"
    return Detected("classification", kind, f"{kind}: each cell gives shares of {len(names)} classes")


def _as_chosen(values: pl.Series, present: pl.Series, chosen: str, where: str) -> Detected:
    reason = f"set with task.type={chosen}"
    if chosen == "classification":
        found = _classes(present, where)
        return Detected(chosen, found.kind, f"{found.kind}: {reason}")
    if chosen == "regression":
        number = as_number(values)
        if number.null_count() == len(number):
            raise InputError(
                f"regression needs numbers, received {present[0]!r}",
                where=where,
                fix="Use --set task.type=classification",
            )
        if number.drop_nulls().n_unique() == 1:
            raise InputError(f"constant: every number is {number.drop_nulls()[0]:g}", where=where)
        return Detected(chosen, chosen, f"{chosen}: {reason}")
    kind = "text" if chosen == "generation" else chosen
    return Detected(chosen, kind, f"{kind}: {reason}")


def _multilabel(values: pl.Series, present: pl.Series) -> Detected | None:
    """Lists, or texts of labels joined by "|" that come again in other rows."""
    lists = isinstance(values.dtype, (pl.List, pl.Array)) or printed_lists(present)
    if not lists:
        joined = present.str.contains(SEPARATOR, literal=True)
        if joined.sum() < max(2, 0.005 * len(present)):
            return None
    labels = label_lists(values).drop_nulls().explode().drop_nulls()
    if labels.is_empty():
        return None
    distinct = labels.n_unique()
    if not lists and (distinct > MOST_CLASSES or len(labels) < 2 * distinct):
        return None
    how = "each cell is a list" if lists else f"cells hold several values joined by {SEPARATOR!r}"
    overrule = "" if lists else ". Each whole cell as one class: --set task.type=classification"
    return Detected("multilabel", "multilabel", f"multilabel: {how}, {distinct} distinct labels{overrule}")


def _numbers(values: pl.Series, present: pl.Series, where: str) -> Detected | None:
    """Regression, or None where the cells are no numbers, or few distinct integers (classes)."""
    number = as_number(values)
    counted = len(present) - int(is_missing_token(present).sum())
    known = number.drop_nulls()
    if counted == 0 or len(known) < NUMBER_SHARE * counted or values.dtype == pl.Boolean:
        return None
    distinct = known.n_unique()
    if distinct <= 2:
        return None
    whole = bool((known == known.round()).all())
    if whole and distinct <= FEW_INTEGERS and len(known) >= 3 * distinct and not _are_counts(known):
        return None
    kind = "integers" if whole else "numbers"
    other = counted - len(known)
    strays = f" ({other} cells are no numbers and count as unlabelled)" if other > 0 else ""
    overrule = ". Each value as a class: --set task.type=classification" if distinct <= MOST_CLASSES else ""
    return Detected("regression", "regression", f"regression: {distinct:,} distinct {kind}{strays}{overrule}")


def _are_counts(known: pl.Series) -> bool:
    """Whether whole numbers are amounts (days, squares) rather than names of classes: many of them, and some so rare
    that no class could be learned."""
    counts = known.value_counts()["count"]
    return len(counts) >= SEVERAL_INTEGERS and int(counts.min()) == 1  # type: ignore[arg-type]


def _classes(present: pl.Series, where: str) -> Detected:
    counts = count_classes(present)
    classes = len(counts)
    if classes > MOST_CLASSES or (classes > 20 and classes > 0.5 * len(present)) or classes == len(present):
        raise InputError(
            f"{classes:,} distinct values in {len(present):,} rows looks like an identifier or free text",
            where=where,
            fix="Name another column with --target, or merge values into classes",
        )
    lonely = [name for name, count in counts.items() if count == 1]
    if lonely:
        shown = ", ".join(repr(n) for n in lonely[:5]) + (" …" if len(lonely) > 5 else "")
        raise InputError(
            f"{'class' if len(lonely) == 1 else 'classes'} {shown} with one row only",
            where=where,
            fix="A class needs two rows at least, to learn from and to test on: add rows, merge classes, or "
            "empty the cell (an unlabelled row)" + (_AS_AMOUNT if as_number(present).null_count() == 0 else ""),
        )
    if classes == 2:
        return Detected("classification", "binary", f"binary: 2 classes, {_shown(counts)}")
    numbers = as_number(present)
    overrule = _AS_AMOUNT if numbers.null_count() == 0 else ""
    kind = "few distinct integers" if overrule else "texts"
    return Detected(
        "classification", "multiclass", f"multiclass: {classes} classes ({kind}), {_shown(counts)}{overrule}"
    )


def _shown(counts: dict[str, int]) -> str:
    names = list(counts)
    return ", ".join(f"{n!r} {counts[n]:,}" for n in names[:4]) + (" …" if len(names) > 4 else "")
