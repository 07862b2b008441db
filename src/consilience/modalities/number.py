"""Numbers: standardised by the training rows, with quantiles for piecewise-linear encoding (Gorishniy et al.
2022, "On Embeddings for Numerical Features in Tabular Deep Learning", arXiv 2203.05556)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.modalities.affixes import are_bounds
from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.cells import as_number, as_text, is_missing_token, read_numbers
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem
from consilience.modalities.standardise import LIMIT, Scale, learn_scale, standardise

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

EDGES = 25
"""Quantile edges a column: 24 bins."""
MANY_VALUES, FEW_WORDS = 20, 3
"""Distinct numbers from which on, and distinct other words up to which, a column that holds both is one of numbers."""
FEW_VALUES = 10
"""An integer column with no more values than this is more likely a code than a measure."""


def _example(facts: Mapping[str, Any], place: int) -> float:
    return float(f"{facts['mean'][place]:.4g}")


@final
class Number:
    """value float32 [N, C] in standard deviations, clipped at ±10; mask bool [N, C]."""

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form({"type": ["number", "string", "null"]}, "number", plain=True, example=_example)

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High where nearly every cell reads as a number; lower for few distinct integers (codes)."""
        if column.dtype == pl.Boolean or column.dtype.is_temporal() or not len(column):
            return Guess(0.0, "no numbers")
        values = as_number(column, bounds=True)
        unread = values.is_null()
        share = 1 - values.null_count() / len(column)
        if share < 1 and not column.dtype.is_numeric():  # "n/a" beside numbers speaks against no modality
            said = (~is_missing_token(as_text(column)).fill_null(True)).sum()
            share = (len(column) - values.null_count()) / int(said) if said else 0.0
        if share < 0.5:
            return Guess(0.0, "fewer than half of the cells read as numbers")
        values = values.drop_nulls()
        distinct = values.n_unique()
        if distinct <= FEW_VALUES and len(values) >= 2.5 * distinct and (values == values.round()).all():
            return Guess(0.55 * share, f"whole numbers, but only {distinct} distinct ones")
        words = _words_between(column, unread, share, distinct)
        if words:
            return Guess(0.8, f"{share:.0%} of the cells read as numbers, between {words}")
        return Guess(0.8 * share**4, f"{share:.0%} of the cells read as numbers")

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; affix [C], the sign or unit that the cells carry ("" for none); mean, std [C] floats;
        quantiles [C][25], standardised and strictly increasing."""
        scales, quantiles, affixes = [], [], []
        for series in columns.values():
            numbers, affix = read_numbers(series, bounds=True)
            affixes.append(affix)
            values = numbers.drop_nulls().to_numpy().astype(np.float64)
            scale = learn_scale(values)
            scales.append(scale)
            quantiles.append(edges(standardise(values, scale)))
        return {
            "columns": list(columns),
            "affix": affixes,
            "mean": [scale.mean for scale in scales],
            "std": [scale.std for scale in scales],
            "quantiles": quantiles,
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows = len(next(iter(columns.values())))
        value = np.zeros((rows, len(facts["columns"])), np.float32)
        mask = np.zeros(value.shape, bool)
        problems: list[Problem] = []
        affixes = facts.get("affix") or [""] * value.shape[1]  # bundles of earlier versions have none
        for place, name in enumerate(facts["columns"]):
            series = columns[name]
            numbers = as_number(series, affixes[place], bounds=True)
            found = standardise(numbers.to_numpy().astype(np.float64), Scale(facts["mean"][place], facts["std"][place]))
            mask[:, place] = ~np.isnan(found)
            value[:, place] = np.nan_to_num(found)
            problems += [*_unread(series, numbers), *_bounds(series, numbers)]
        return Prepared({"value": value, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        return arrays


def edges(values: np.ndarray[Any, Any]) -> list[float]:
    """EDGES strictly increasing quantile edges of standardised values [n].

    Equal quantiles are dropped, then the widest gaps are halved until there are EDGES: every column has
    equally many and no bin lies outside the values. A constant or empty column gets even steps from −1 to 1.
    """
    if not len(values) or values.min() == values.max():
        return [float(x) for x in np.linspace(-1, 1, EDGES)]
    found = np.unique(np.quantile(values, np.linspace(0, 1, EDGES)).round(5))
    if len(found) < 2:
        found = np.array([max(-LIMIT, found[0] - 1), min(LIMIT, found[0] + 1)])
    while len(found) < EDGES:
        widest = int(np.argmax(np.diff(found)))
        found = np.insert(found, widest + 1, found[widest : widest + 2].mean())
    return [float(x) for x in found]


def _unread(series: pl.Series, numbers: pl.Series) -> list[Problem]:
    """Cells that say something which is no number; "n/a" and the like are plainly missing."""
    if numbers.null_count() == series.null_count():
        return []
    if series.dtype.is_numeric():
        bad = (numbers.is_null() & series.is_not_null()).to_numpy()
        if series.dtype.is_float():
            bad &= ~series.is_nan().fill_null(False).to_numpy()
        cells = series
    else:
        cells = as_text(series) if series.dtype != pl.Binary else series
        bad = (numbers.is_null() & cells.is_not_null()).to_numpy()
        if bad.any() and series.dtype != pl.Binary:
            bad &= ~is_missing_token(cells).fill_null(False).to_numpy()
    return count_problem("not_a_number", series.name, "cell is no number and counts as missing", bad, cells)


def _bounds(series: pl.Series, numbers: pl.Series) -> list[Problem]:
    """Cells such as "<5" that count as the number that they name."""
    if series.dtype != pl.String:
        return []
    found = (are_bounds(series) & numbers.is_not_null()).fill_null(False).to_numpy()
    return count_problem("bound", series.name, "cell is a bound or rough and counts as its number", found, series)


def _words_between(column: pl.Series, unread: pl.Series, share: float, distinct: int) -> str:
    """The few words that recur between many numbers ("T", "not detected"), as a reason names them; "" where the column
    is another."""
    if share > 0.95 or distinct < MANY_VALUES or column.dtype != pl.String:
        return ""
    text = as_text(column)
    said = text.filter(unread & ~is_missing_token(text).fill_null(True))
    words = said.value_counts(sort=True)
    if not 0 < len(words) <= FEW_WORDS or len(said) < 5 * len(words):
        return ""
    return ", ".join(map(repr, words[said.name].to_list()))
