"""Whether a column's cells are series, and not codes, sets, telephone numbers, dates or plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from consilience.modalities.base import Guess
from consilience.modalities.cells import as_number, as_text
from consilience.modalities.series_steps import Steps, read_steps

LEAST_POINTS = 4
"""Fewer numbers in a cell are no series."""
LEAST_TIMED = 2
"""Steps with a time of their own."""
LEAST_BLANKS = 8
"""Whole numbers parted by blanks alone must be more: telephone and card numbers are written so."""
SAMPLE = 500
"""Cells that are read."""
NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
PLAIN = rf"^[\[(\s]*(?:{NUMBER}|[nN][aA][nN]?|null|None)?(?:[\s,;]+(?:{NUMBER}|[nN][aA][nN]?|null|None)?)+[\])\s]*$"
NESTED = r"(?s)^\s*\[\s*[\[{(].*[\]})]\s*\]\s*$"
NOTHING = "no lists of numbers"


def score_series(column: pl.Series) -> Guess:
    """How well non-null cells fit: at least LEAST_POINTS numbers in nearly every cell, in an order that matters."""
    sample = column.gather_every(max(1, -(-len(column) // SAMPLE)))
    dtype = column.dtype
    if not len(sample):
        return Guess(0.0, "every cell is empty")
    if isinstance(dtype, (pl.List, pl.Array)):
        return _judged(sample, "lists")
    if dtype not in (pl.String, pl.Object):
        return Guess(0.0, NOTHING)
    text = as_text(sample).drop_nulls()
    looks = text.str.contains(PLAIN) | text.str.contains(NESTED)
    if not len(text) or not looks.sum() > 0.5 * len(text):
        return Guess(0.0, NOTHING)
    if as_number(text).null_count() < 0.5 * len(text):
        return Guess(0.0, "numbers with commas between thousands")
    return _judged(text, "text")


def _judged(sample: pl.Series, kind: str) -> Guess:
    steps = read_steps(sample)
    least = LEAST_TIMED if steps.times is not None else -(-LEAST_POINTS // steps.values.shape[1])
    share = float((steps.counts >= least).mean())
    typical = int(np.median(steps.counts[steps.counts > 0])) if steps.counts.any() else 0
    if typical < least:
        return Guess(0.0, NOTHING)
    doubt = _doubt(sample, steps, kind)
    if doubt:
        return Guess(0.2 * share, doubt)
    channels = steps.values.shape[1]
    said = f"{kind} of {typical} numbers" if channels == 1 else f"{kind} of {typical} steps and {channels} channels"
    said += " with times" if steps.times is not None else ""
    readable = float((steps.counts > 0).mean())  # short cells are series too where most are long
    return Guess(0.95 * max(share, 0.9 * readable) * readable, f"{said} a cell (median), {readable:.0%} readable")


def _doubt(sample: pl.Series, steps: Steps, kind: str) -> str | None:
    """What else the numbers could be, or None."""
    if steps.values.shape[1] > 1 or steps.times is not None:
        return None
    values = steps.values[:, 0]
    whole = bool((values == np.round(values))[np.isfinite(values)].all())
    if not whole:
        return None
    if kind == "text" and float(np.median(steps.counts)) < LEAST_BLANKS:
        blanks = sample.str.contains(r"^[0-9+ ]+$").mean()
        if isinstance(blanks, float) and blanks > 0.5:
            return "a few whole numbers parted by blanks: numbers of telephones, cards or accounts"
    return "whole numbers that hardly repeat inside a cell: sets of codes" if _like_sets(steps, values) else None


def _like_sets(steps: Steps, values: Any) -> bool:
    """No number stands twice in a cell, cells differ in length, and the same few numbers recur all over the table."""
    frame = pl.DataFrame({"row": steps.rows, "value": values}).drop_nans()
    twice = frame.height - frame.unique().height
    kinds = frame["value"].n_unique()
    lengths = np.unique(steps.counts[steps.counts > 0])
    return twice <= 0.01 * frame.height and len(lengths) > 1 and frame.height >= 3 * kinds
