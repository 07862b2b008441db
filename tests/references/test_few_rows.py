"""A request's few rows are read by Python, a table's many by Polars: both must say the same, to the bit."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consilience.modalities.cells import FEW, as_number, as_text, present
from consilience.references.hashing import count_few, count_ngrams
from consilience.references.trees import _sizes

ODD = [
    "",
    "  ",
    "\x1c a",
    "Straße İI Σας",
    "ﬁ　全角",
    "a\x85b\xa0c\u200b",
    "\x00x\x1f",
    "naïve ‑ 1,234",
    "e\u0301",
    "🙂 ok",
]
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])
TEXTS = st.lists(st.one_of(st.none(), st.text(ASSIGNED, max_size=20), st.sampled_from(ODD)), min_size=1, max_size=6)


def padded(cells: list[str | None]) -> pl.Series:
    """The cells, and so many more that Polars reads them."""
    return pl.Series("c", [*cells, *["filler"] * FEW], dtype=pl.String)


@settings(max_examples=150, deadline=None)
@given(cells=TEXTS)
@example(cells=[*ODD])
def test_texts_are_read_alike(cells: list[str | None]) -> None:
    few, many = pl.Series("c", cells, dtype=pl.String), padded(cells)
    assert as_text(few).to_list() == as_text(many).to_list()[: len(cells)]
    np.testing.assert_array_equal(present(few), present(many)[: len(cells)])
    np.testing.assert_array_equal(_sizes(few), _sizes(many)[: len(cells)])


@pytest.mark.parametrize("part", ["words", "chars"])
@settings(max_examples=150, deadline=None)
@given(cells=TEXTS)
@example(cells=[*ODD])
def test_ngrams_are_counted_alike(part: str, cells: list[str | None]) -> None:
    few, many = count_ngrams(pl.Series(cells, dtype=pl.String), part), count_ngrams(padded(cells), part)
    assert (few.matrix() != many.matrix()[: len(cells)]).nnz == 0, [
        unicodedata.normalize("NFKC", c or "") for c in cells
    ]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("n", [1.5, None, float("nan"), float("inf"), -0.0, 1e300]),
        pl.Series("n", [3, None, -(2**53)], dtype=pl.Int64),
        pl.Series("n", [True, None, False]),
    ],
)
def test_numbers_are_read_alike(column: pl.Series) -> None:
    many = as_number(pl.concat([column, *[column] * FEW]))
    assert as_number(column).equals(many.head(len(column)).rename("n"))
    if not column.dtype.is_float():
        assert as_text(column).to_list() == as_text(pl.concat([column, *[column] * FEW])).to_list()[: len(column)]


@settings(max_examples=100, deadline=None)
@given(first=TEXTS, second=TEXTS)
def test_columns_counted_together_are_counted_alike(first: list[str | None], second: list[str | None]) -> None:
    count = min(len(first), len(second))
    columns = [pl.Series(cells[:count], dtype=pl.String) for cells in (first, second)]
    if not count:
        return
    for column, counted in zip(columns, count_few(columns, ("words", "chars")), strict=True):
        for part, found in counted.items():
            alone = count_ngrams(column, part)
            assert found.shape == alone.shape
            for mine, own in zip(found[:3], alone[:3], strict=True):
                np.testing.assert_array_equal(mine, own)
