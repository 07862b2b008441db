from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sparse

from consilience.references.hashing import count_ngrams
from consilience.references.texts import (
    Vocabulary,
    class_contrast,
    inverse_frequency,
    learn_vocabulary,
    principal_directions,
    scaled,
)

TEXTS = pl.Series(["red apple", "red car", "blue car", "red", None])


def test_vocabulary_keeps_what_comes_twice() -> None:
    vocabulary, counts = learn_vocabulary(TEXTS, "words", 100)
    assert len(vocabulary.kept) == 2  # red, car
    assert counts.toarray().sum(0).tolist() in ([3, 2], [2, 3])
    assert (vocabulary.counts(TEXTS).matrix() != counts).nnz == 0
    assert (Vocabulary(vocabulary.kept, "words").counts(TEXTS).matrix() != counts).nnz == 0
    assert vocabulary.counts(pl.Series(["green"])).matrix().nnz == 0


def test_the_most_frequent_stay_when_there_are_too_many() -> None:
    vocabulary, _ = learn_vocabulary(TEXTS, "words", 1)
    red = count_ngrams(pl.Series(["red"]), "words").indices
    assert vocabulary.kept.tolist() == red.tolist()


def test_rows_have_unit_length_and_empty_rows_stay_empty() -> None:
    _, counts = learn_vocabulary(TEXTS, "chars", 100)
    found = scaled(counts, inverse_frequency(counts)).matrix()
    assert np.sqrt(found.multiply(found).sum(1)).ravel().tolist()[0] == pytest.approx([1, 1, 1, 1, 0])
    assert found.dtype == np.float32


def test_contrast_is_highest_for_words_of_one_class() -> None:
    counts = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]], dtype=np.float32))
    contrast = class_contrast(counts, np.eye(2)[[0, 0, 1, 1]])
    assert contrast.mean() == pytest.approx(1)
    assert contrast[0] == 0  # in every row: tells nothing
    assert contrast[1] == pytest.approx(contrast[2])
    assert contrast[1] > 1
    assert class_contrast(counts[:, :0], np.eye(2)[[0, 0, 1, 1]]).shape == (0,)


def test_principal_directions_span_a_low_rank_matrix() -> None:
    random = np.random.default_rng(0)
    low = random.normal(size=(60, 3)) @ random.normal(size=(3, 40))
    directions = principal_directions(sparse.csr_matrix(low.astype(np.float32)), 3, seed=0)
    assert directions.shape == (40, 3)
    assert np.allclose(low @ directions @ directions.T, low, atol=1e-3)
    assert principal_directions(sparse.csr_matrix((5, 0), dtype=np.float32), 3, 0).shape == (0, 0)
    assert principal_directions(sparse.csr_matrix((5, 9), dtype=np.float32), 3, 0).shape[0] == 9
