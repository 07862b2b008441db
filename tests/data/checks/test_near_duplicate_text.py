from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl
import pytest

from consilience.data.checks import near_duplicate_text
from consilience.data.findings import NotApplicable
from consilience.data.fingerprint import Grams, near_pairs

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "e", "io", "ou") for c in "lmnrst"]
SIGNS = "".join(map(chr, range(0x5200, 0x5240)))


def english(rows: int, seed: int = 0, words: int = 20) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, words)) for _ in range(rows)]


def chinese(rows: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list(SIGNS), 40)) for _ in range(rows)]


def test_one_word_more_or_less_and_other_punctuation(look: Any) -> None:
    texts = english(200, words=30)
    texts += [texts[7] + " really", texts[9].upper() + "!", texts[11].replace(texts[11].split()[4], "other")]
    (found,) = look("near_duplicate_text", {"note": texts})
    assert found.details["count"] == 3
    assert found.details["identical"] == 1
    assert set(found.rows) == {7, 200, 9, 201, 11, 202}


def test_chinese_needs_no_blanks(look: Any) -> None:
    texts = chinese(150)
    texts += [texts[3][:20] + "啊" + texts[3][20:]]
    (found,) = look("near_duplicate_text", {"评论": texts})
    assert found.rows == (3, 150)


def test_across_tables(look: Any) -> None:
    texts = english(100)
    test = [*english(30, seed=5), texts[4] + " indeed", texts[6]]
    (found,) = look("near_duplicate_text", {"note": texts}, test={"note": test})
    assert found.severity == "warning"
    assert found.rows == (30, 31)
    assert "2 of 32 rows of the test table" in found.message


def test_different_and_short_texts_are_left_alone(look: Any) -> None:
    assert look("near_duplicate_text", {"note": english(300)}) == []
    short = {"note": [*["very good indeed", "not good at all"] * 40, *english(100)]}
    assert look("near_duplicate_text", short, overrides={"note": "text"}) == []
    with pytest.raises(NotApplicable):
        look("near_duplicate_text", {"x": [1.5, 2.5] * 9})


def test_of_very_many_texts_a_sample_is_compared_and_said(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicate_text, "MOST", 100)
    texts = english(20, words=30) * 10
    (found,) = look("near_duplicate_text", {"note": texts}, overrides={"note": "text"})
    assert "a sample of 100 of 200 texts" in found.message


def test_recall_on_texts_with_a_tenth_of_their_words_changed() -> None:
    random = np.random.default_rng(3)
    texts = english(400, words=40)
    changed = []
    for text in texts:
        words = text.split()
        words[int(random.integers(40))] = str(random.choice(WORDS))
        changed.append(" ".join(words))
    pairs = near_pairs(pl.Series(texts + changed), Grams(6, 24))
    found = {(int(a), int(b)) for a, b in pairs}
    assert len(found & {(i, i + 400) for i in range(400)}) >= 390
    assert all(b - a == 400 for a, b in found)


def test_twenty_thousand_texts_take_seconds() -> None:
    random = np.random.default_rng(0)
    letters = random.choice(list("abcdefghijklmnopqrst "), (20_000, 120))
    texts = pl.Series(["".join(row) for row in letters])
    began = time.process_time()
    assert len(near_pairs(texts, Grams(6, 24))) == 0
    assert time.process_time() - began < 12
