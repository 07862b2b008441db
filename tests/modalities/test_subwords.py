"""A few texts are cut into words by Python, many by Polars: the words are the same."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.modalities.subwords import NUMBER_END, NUMBER_START, part_words, split_words

KNOWN = st.characters(exclude_categories=("Cs", "Cn", "Co"))


@settings(max_examples=300, deadline=None)
@given(st.text(st.one_of(KNOWN, st.sampled_from("Σσ ̇²Ⅷ①½_▁\u00a0\x1c\x1f\x85 发烧ก ﬁ１２Ǆİ."))))
def test_python_cuts_as_polars_does(text: str) -> None:
    assert part_words(text) == split_words(pl.Series([text], dtype=pl.String)).item()


@pytest.mark.parametrize("text", ["ΟΔΟΣ 12", f"a{NUMBER_START}1{NUMBER_END}2", "10 min！", "", "１２３ ３ words①②"])
def test_corners_are_cut_alike(text: str) -> None:
    assert part_words(text) == split_words(pl.Series([text], dtype=pl.String)).item()
