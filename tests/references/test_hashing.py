from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from consilience.references import hashing
from consilience.references.hashing import BITS, count_ngrams

TEXTS = ["The cat sat on the mat", "a  Cat!\nand a\tdog", "", "x", "naïve café déjà-vu", "1,234.5 %"]


def columns(text: str | None, part: str = "words") -> dict[int, float]:
    found = count_ngrams(pl.Series([text], dtype=pl.String), part)
    return dict(zip(found.indices.tolist(), found.data.tolist(), strict=True))


def test_words_are_those_of_scikit_learn() -> None:
    vectorizer = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
    wanted = vectorizer.fit_transform(TEXTS)
    found = count_ngrams(pl.Series(TEXTS), "words").matrix()
    assert found.shape == (len(TEXTS), 2**BITS)
    assert found.dtype == np.float32
    assert [sorted(row.data) for row in found] == [sorted(row.data) for row in wanted]
    gram = (found @ found.T).toarray()  # equal n-grams fall in equal buckets, across rows
    assert np.array_equal(gram, (wanted @ wanted.T).toarray())


def test_characters_are_those_of_scikit_learn() -> None:
    texts = [t for t in TEXTS if len(t) > 5]
    wanted = CountVectorizer(analyzer="char_wb", ngram_range=(2, 5)).fit_transform(texts)
    found = count_ngrams(pl.Series(texts), "chars").matrix()
    assert np.array_equal((found @ found.T).toarray(), (wanted @ wanted.T).toarray())


@pytest.mark.parametrize(("text", "singles"), [("我喜欢酒店", 5), ("ホテルが好き", 6), ("ฉันรัก", 6)])
def test_text_without_spaces_gives_characters_and_pairs(text: str, singles: int) -> None:
    assert sum(columns(text).values()) == singles + singles - 1
    assert set(columns(text[0])) <= set(columns(text))


def test_order_of_words_matters_in_pairs_only() -> None:
    one, two = columns("good not bad"), columns("bad not good")
    assert len(set(one) & set(two)) == 3


def test_rows_never_see_each_other() -> None:
    together = count_ngrams(pl.Series(["ab cd", None, "ef", "ab cd"]), "chars").matrix()
    assert np.diff(together.indptr)[1] == 0
    assert dict(zip(together[0].indices, together[0].data, strict=True)) == columns("ab cd", "chars")
    assert (together[0] != together[3]).nnz == 0


def test_slices_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pl.Series([f"word{i % 7} and {'long ' * (i % 5)}" for i in range(50)])
    whole = count_ngrams(texts, "chars").matrix()
    monkeypatch.setattr(hashing, "CHUNK", 40)
    assert (count_ngrams(texts, "chars").matrix() != whole).nnz == 0


@pytest.mark.parametrize("part", ["words", "chars"])
def test_hostile_cells(part: str) -> None:
    texts = pl.Series([None, "", " \t\n", "\x00\x01", "🙂🙂", "a" * 100_000, "?!…", "e\u0301te\u0301"])
    found = count_ngrams(texts, part)
    assert found.shape[0] == 8
    assert np.diff(found.indptr)[:4].tolist() == [0, 0, 0, 0]
    assert found.data.sum() < 100_000 * 4
    assert count_ngrams(pl.Series([], dtype=pl.String), part).shape == (0, 2**BITS)


def test_buckets_are_the_same_on_every_machine() -> None:
    # saved models hold bucket numbers: a change here breaks every one of them
    assert sorted(columns("cat 猫")) == PINNED


PINNED = [797383, 2764060, 3440110]
