"""Which rows train, validate and test: random by class, by group, by time, by a given column, and k folds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from consilience.core.errors import InputError
from consilience.core.recipe import Split
from consilience.data import stratified_rows
from consilience.data.group_rows import deal_groups, hold_out_groups
from consilience.data.stratified_rows import Rows
from consilience.data.table import Table
from consilience.data.time_rows import blocks, hold_out_latest, times_of
from consilience.modalities.cells import as_text

PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
DEFAULT_FOLDS = 5
NONE = np.zeros(0, np.int64)


class Splits(NamedTuple):
    """train, valid, test: sorted int64 row numbers; rows without a label are in train only. method: random,
    group, time, column or files. sentence: what is said to the user."""

    train: Rows
    valid: Rows
    test: Rows
    method: str
    sentence: str


class _Cutter(NamedTuple):
    """How rows are held out: at random by class (keys None), by group (int keys) or by time (float keys)."""

    method: str
    words: str
    keys: np.ndarray[Any, Any] | None
    classes: Rows | None
    random: np.random.Generator

    def hold_out(self, rows: Rows, share: float, keep: int) -> Rows:
        """About `share` of `rows`; at least `keep` groups or times stay behind."""
        classes = None if self.classes is None else self.classes[rows]
        if self.keys is None:
            return stratified_rows.hold_out(rows, classes, share, keep, self.random)
        keys = self.keys[rows]
        by_group = self.method == "group"
        held: Rows = rows[
            hold_out_groups(keys, classes, share, keep, self.random) if by_group else hold_out_latest(keys, share, keep)
        ]
        return held

    def clear_of(self, rows: Rows, held: Rows) -> Rows:
        """The `rows` that share no group with `held`, or come before it."""
        if self.keys is None or not len(held):
            return rows
        keys = self.keys[rows]
        clear: Rows = rows[
            ~np.isin(keys, self.keys[held]) if self.method == "group" else ~(keys >= self.keys[held].min())
        ]
        return clear


def make_splits(
    table: Table,
    labels: pl.Series | None,
    labelled: np.ndarray[Any, Any],
    split: Split,
    seed: int,
    has_valid: bool,
    has_test: bool,
) -> Splits:
    """Divide the table's rows; parts that come as tables of their own (`has_valid`, `has_test`) stay empty.

    A row without a label trains, unless it belongs to the held-out groups, times or named parts: then it is
    left out.

    Args:
        labels: [N] class of each row to stratify by, or None (regression). labelled: [N] bool.

    Raises:
        InputError: on an unknown column, an unknown split name, one group only, or too few rows.
    """
    rows = np.flatnonzero(labelled)
    needed = 2 + (not has_valid) + (not has_test)
    if len(rows) < needed:
        what = f"{len(rows)} rows with a label are too few to split: {needed} are the least"
        raise InputError(what, where=table.name)
    method = _method(split)
    cutter = _cutter(table, labels, labelled, split, seed)
    given = _given(table, str(split.column), rows) if method == "column" else {"train": rows}
    parts = _cut(table.name, cutter, given, split, (has_valid, has_test))
    drawn = [name for name in ("validation", "test") if len(parts[name]) and not len(given.get(name, NONE))]
    dropped = sum(len(part) for part in given.values()) - sum(len(part) for part in parts.values())
    unlabelled = _unlabelled(table, labelled, split)
    kept = cutter.clear_of(unlabelled, np.concatenate([parts["validation"], parts["test"]]))
    counts = {name: len(part) for name, part in parts.items() if len(part)}
    if method != "column":
        method = cutter.method if drawn else "files"
    words = _words(method, cutter, split, drawn, dropped)
    sentence = f"{words}: {_said(counts, len(kept), int((~labelled).sum()) - len(kept))}"
    train = np.sort(np.concatenate([parts["training"], kept]))
    return Splits(train, parts["validation"], parts["test"], method, sentence)


def _words(method: str, cutter: _Cutter, split: Split, drawn: list[str], dropped: int) -> str:
    """How the rows were divided, for the user."""
    words = {"column": f"by column {split.column!r}", "files": "as given"}.get(method, cutter.words)
    if method == "column" and drawn:
        words += f", {' and '.join(drawn)} rows {cutter.words}"
    if dropped:
        words += f" ({dropped:,} rows for parts that are given or made otherwise left out)"
    return words


def _cut(
    name: str, cutter: _Cutter, given: dict[str, Rows], split: Split, separate: tuple[bool, bool]
) -> dict[str, Rows]:
    """Labelled rows of each part: those given, the test and validation rows that are not, and the rest.

    Args:
        separate: whether validation and test rows come as tables of their own.
    """
    has_valid, has_test = separate
    train = given["train"]
    test = NONE if has_test else given.get("test", NONE)
    valid = NONE if has_valid else given.get("validation", NONE)
    cut_valid = not has_valid and not len(valid)
    try:
        if not has_test and not len(test):
            test = cutter.hold_out(train, split.test, 2 if cut_valid else 1)
            train = _without(train, test)
        if cut_valid:
            valid = cutter.hold_out(train, split.valid or _valid_share(len(train)), 1)
            train = _without(train, valid)
    except InputError as error:
        raise InputError(error.what, where=f"{name}, split {cutter.words}", fix=error.fix) from None
    return {"training": train, "validation": valid, "test": test}


def make_folds(
    table: Table,
    rows: Rows,
    labels: pl.Series | None,
    labelled: np.ndarray[Any, Any],
    split: Split,
    seed: int,
) -> list[tuple[Rows, Rows]]:
    """(train, valid) row numbers of each of `split.folds` folds over the given rows, fewer where groups are.

    No group is on both sides. By time every fold validates on a block later than all it trains on, so the
    first block is never validated; nor is the row of a class that has one row only. Rows without a label only
    train.

    Raises:
        InputError: on too few rows, groups or times.
    """
    folds = DEFAULT_FOLDS if split.folds is None else split.folds
    cutter = _cutter(table, labels, labelled, split, seed)
    known = rows[labelled[rows]]
    if folds < 2 or len(known) < 2:
        what = f"{folds} folds of {len(known)} rows with a label"
        raise InputError(what, where=table.name, fix="Two folds of two rows are the least")
    classes = None if cutter.classes is None else cutter.classes[known]
    if cutter.keys is None:
        fold = stratified_rows.deal(classes, len(known), folds, cutter.random)
        numbers = range(min(folds, int(fold.max()) + 1))
    elif cutter.method == "group":
        fold = deal_groups(cutter.keys[known], classes, folds, cutter.random)
        numbers = range(int(fold.max()) + 1)
    else:
        fold = blocks(cutter.keys[known], folds + 1)
        numbers = range(1, int(fold.max()) + 1)
    others = rows[~labelled[rows]]
    found = []
    for number in numbers:
        valid = known[fold == number]
        train = known[fold < number] if cutter.method == "time" else known[fold != number]
        found.append((np.sort(np.concatenate([train, cutter.clear_of(others, valid)])), np.sort(valid)))
    return found


def _method(split: Split) -> str:
    if split.method != "auto":
        if split.method != "random" and getattr(split, split.method) is None:
            raise InputError(f"method {split.method!r} needs split.{split.method}, the name of a column", where="split")
        return split.method
    return next((name for name in ("column", "group", "time") if getattr(split, name)), "random")


def _cutter(table: Table, labels: pl.Series | None, labelled: np.ndarray[Any, Any], split: Split, seed: int) -> _Cutter:
    """How rows are held out; with a split column, how the parts that it leaves out are."""
    method = _method(split)
    if method == "column":
        method = next((name for name in ("group", "time") if getattr(split, name)), "random")
    random = np.random.default_rng(seed)
    classes = None if labels is None else _codes(labels)
    if method == "group":
        column = table.require(str(split.group), "group column")
        keys: np.ndarray[Any, Any] = _codes(column)
        missing = keys < 0
        keys = np.where(missing, keys.max() + 1 + np.arange(len(keys)), keys)  # an unknown group is its own
        number = pl.Series(keys[labelled]).n_unique()
        if number < 2:
            raise InputError("the group column has one value only", where=f"column {split.group!r}")
        words = f"by group {split.group!r} ({number:,} groups, none on two sides)"
        return _Cutter(method, words, keys, classes, random)
    if method == "time":
        column = table.require(str(split.time), "time column")
        times = times_of(column, f"column {split.time!r}")
        return _Cutter(method, f"by time {split.time!r}, the latest held out", times, classes, random)
    return _Cutter(method, "random, stratified by class" if labels is not None else "random", None, classes, random)


def _codes(column: pl.Series) -> Rows:
    """[N] int64: equal cells, equal numbers; −1 where missing."""
    codes: Rows = as_text(column).rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()
    return codes


def _given(table: Table, column: str, rows: Rows) -> dict[str, Rows]:
    """Labelled rows of each part that the column names."""
    cells = as_text(table.require(column, "split column")).str.to_lowercase()
    unknown = cells.filter(~cells.is_in(list(PARTS)).fill_null(False)).unique(maintain_order=True)
    if len(unknown):
        shown = ", ".join("an empty cell" if cell is None else repr(cell) for cell in unknown.head(3))
        raise InputError(f"split names that are not known: {shown}", where=f"column {column!r}",
                         fix="Known: train, valid (validation, val, dev), test")  # fmt: skip
    part = cells.replace_strict(PARTS).to_numpy()[rows]
    given = {name: rows[part == name] for name in ("train", "validation", "test")}
    if not len(given["train"]):
        raise InputError("no row with a label is named train", where=f"column {column!r}")
    return given


def _unlabelled(table: Table, labelled: np.ndarray[Any, Any], split: Split) -> Rows:
    """Rows without a label that may train: with a split column those that it names train."""
    rows = np.flatnonzero(~labelled)
    if _method(split) != "column":
        return rows
    cells = as_text(table.frame[str(split.column)]).str.to_lowercase().replace_strict(PARTS)
    named: Rows = rows[cells.to_numpy()[rows] == "train"]
    return named


def _without(rows: Rows, held: Rows) -> Rows:
    """`rows` but those in `held`, which are among them. Both sorted; quicker than setdiff1d on millions."""
    kept = np.ones(len(rows), bool)
    kept[np.searchsorted(rows, held)] = False
    remaining: Rows = rows[kept]
    return remaining


def _valid_share(rows: int) -> float:
    return 0.1 if rows >= 10_000 else 0.15 if rows >= 2_000 else 0.2


def _said(counts: dict[str, int], unlabelled: int, left_out: int) -> str:
    text = ", ".join(f"{count:,} {name}" for name, count in counts.items()) + " rows"
    if unlabelled:
        text += f"; {unlabelled:,} more without a label"
    if left_out:
        text += f"; {left_out:,} without a label left out, as they belong to held-out rows"
    return text
