"""Single conditions that slices are made of: a quarter of a column's range, one of its values, or its being missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from consilience.evaluation.weaknesses.trait import Trait

Mask = np.ndarray[Any, np.dtype[np.bool_]]

BINS = 4
MOST_VALUES = 12
"""Values of a category that become literals, the most frequent."""
MOST_LITERALS = 400


class Literal(NamedTuple):
    """A condition on one trait: low <= number < high (None = open), or text == value, or missing (all None).

    date: low and high are seconds since 1970.
    """

    column: str
    what: str
    low: float | None = None
    high: float | None = None
    value: str | None = None
    date: bool = False

    @property
    def missing(self) -> bool:
        return self.low is None and self.high is None and self.value is None


def learn_literals(traits: Sequence[Trait], fewest: int) -> list[Literal]:
    """Literals that at least `fewest` rows meet and at least `fewest` do not; bins are quarters by rank."""
    found: list[Literal] = []
    for trait in traits:
        named: Iterable[Literal] = _bins(trait) if trait.number is not None else _values(trait)
        for literal in [*named, Literal(trait.column, trait.what)]:
            met = int(meets(literal, trait).sum())
            if fewest <= met <= _rows(trait) - fewest:
                found.append(literal)
    return _one_missing(found)[:MOST_LITERALS]


def _one_missing(literals: list[Literal]) -> list[Literal]:
    """That a cell is missing is said once a column, however many traits the column has."""
    seen: set[str] = set()
    kept = []
    for literal in literals:
        if literal.missing and literal.column in seen:
            continue
        if literal.missing:
            seen.add(literal.column)
        kept.append(literal)
    return kept


def meets(literal: Literal, trait: Trait) -> Mask:
    """[N] bool."""
    if trait.number is not None:
        known = np.isfinite(trait.number)
        if literal.missing:
            return ~known
        number = np.where(known, trait.number, 0.0)
        above = number >= (-np.inf if literal.low is None else literal.low)
        return known & above & (number < (np.inf if literal.high is None else literal.high))
    assert trait.text is not None
    if literal.missing:
        empty: Mask = trait.text.is_null().to_numpy()
        return empty
    same: Mask = (trait.text == literal.value).fill_null(False).to_numpy()
    return same


def mask_of(literals: Sequence[Literal], traits: Sequence[Trait]) -> Mask:
    """Rows that meet every one of the literals; a trait that these rows lack is met by none."""
    known = {trait.key: trait for trait in traits}
    met = np.ones(_rows(traits[0]) if traits else 0, bool)
    for literal in literals:
        trait = known.get((literal.column, literal.what))
        met &= meets(literal, trait) if trait is not None and _fits(literal, trait) else False
    return met


def _fits(literal: Literal, trait: Trait) -> bool:
    """A validation table may hold as words what the test table holds as numbers."""
    return literal.missing or (literal.value is None) == (trait.number is not None)


def _rows(trait: Trait) -> int:
    return len(trait.number) if trait.number is not None else len(trait.text if trait.text is not None else ())


def _bins(trait: Trait) -> list[Literal]:
    assert trait.number is not None
    known = trait.number[np.isfinite(trait.number)]
    if not len(known):
        return []
    edges = [float(e) for e in np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="higher"))]
    edges = [edge for edge in edges if edge > known.min()]
    ends = [None, *edges, None]
    return [
        Literal(trait.column, trait.what, low, high, date=trait.date)
        for low, high in pairwise(ends)
        if not (low is None and high is None)
    ]


def _values(trait: Trait) -> list[Literal]:
    assert trait.text is not None
    counts = trait.text.drop_nulls().rename("value").value_counts(name="rows").sort("rows", "value", descending=True)
    return [Literal(trait.column, trait.what, value=v) for v in counts["value"].head(MOST_VALUES).to_list()]
