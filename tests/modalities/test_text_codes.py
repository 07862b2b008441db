"""Texts as numbers and back."""

from __future__ import annotations

import numpy as np

from consilience.modalities.text_codes import from_codes, to_codes

TEXTS = ["plain", "", "今天天气", "a😀b", "two\nlines "]


def test_texts_come_back_whole() -> None:
    codes = to_codes(TEXTS, 12)
    assert codes.shape == (5, 12)
    assert codes.dtype == np.float32
    assert from_codes(codes) == TEXTS


def test_long_texts_are_cut_and_other_numbers_skipped() -> None:
    codes = to_codes(["abcdef"], 3)
    assert from_codes(np.hstack([np.array([[7.0, 0.0]]), codes, np.array([[2.0]])])) == ["abc"]


def test_no_rows() -> None:
    assert to_codes([], 4).shape == (0, 4)
    assert from_codes(np.zeros((0, 4))) == []


def test_a_lone_surrogate_is_no_crash() -> None:
    assert from_codes(to_codes(["x\ud800y"], 4)) == ["x?y"]
