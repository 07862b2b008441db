"""Hashed n-gram counts → scaled sparse features: tf-idf that also knows how much an n-gram tells the classes
apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sparse

from consilience.references.hashing import BITS, count_ngrams
from consilience.references.sparse_rows import Compressed, SparseRows, row_numbers

Array = np.ndarray[Any, Any]

CLASSES_CONTRASTED = 50
"""Classes, the largest first, whose contrast with the rest scales n-grams."""


class Vocabulary:
    """The buckets kept of one text column's words or characters.

    kept: int32 [V] sorted bucket numbers. part: "words" or "chars".
    """

    def __init__(self, kept: Array, part: str) -> None:
        self.kept, self.part = kept, part
        self._place = np.full(2**BITS, -1, dtype=np.int32)
        self._place[kept] = np.arange(len(kept), dtype=np.int32)

    def counts(self, texts: pl.Series) -> SparseRows:
        """float32 [N, V] of counts."""
        return self.select(count_ngrams(texts, self.part))

    def select(self, counted: SparseRows) -> SparseRows:
        """The kept buckets of counts that `count_ngrams` made."""
        column = self._place[counted.indices]
        good = column >= 0
        before = np.zeros(len(good) + 1, np.int64)
        np.cumsum(good, out=before[1:])
        shape = (counted.shape[0], len(self.kept))
        return SparseRows(counted.data[good], column[good], before[counted.indptr], shape)


def learn_vocabulary(texts: pl.Series, part: str, most: int, least: int = 2) -> tuple[Vocabulary, sparse.csr_matrix]:
    """The `most` frequent buckets of those seen in at least `least` training rows, and the rows' counts [N,
    V].
    """
    counted = count_ngrams(texts, part)
    frequency = np.bincount(counted.indices, minlength=2**BITS)
    kept = np.flatnonzero(frequency >= least)
    if len(kept) > most:
        order = np.argsort(-frequency[kept], kind="stable")[:most]
        kept = np.sort(kept[order])
    vocabulary = Vocabulary(kept.astype(np.int32), part)
    return vocabulary, vocabulary.select(counted).matrix()


def inverse_frequency(counts: Compressed) -> Array:
    """Smoothed log inverse document frequency float32 [V] (Sparck Jones 1972, scikit-learn's smoothing)."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    return (np.log((1 + counts.shape[0]) / (1 + frequency)) + 1).astype(np.float32)


def class_contrast(counts: Compressed, classes: Array) -> Array:
    """How much each n-gram tells the classes apart: the root of its largest absolute log ratio.

    The ratio is between a class's share of rows with the n-gram and the other classes' share, as in NB-SVM (Wang
    & Manning 2012), here for many classes. On the validation rows of four text tables (two English, two Chinese)
    log loss with the root was lower than or level with tf-idf alone; with the full ratio it was always higher.

    Args:
        counts: [N, V]. classes: float [N, K], rows' class shares.

    Returns:
        float32 [V], mean 1.
    """
    if counts.shape[1] == 0 or counts.shape[0] == 0:
        return np.ones(counts.shape[1], dtype=np.float32)
    largest = np.argsort(-classes.sum(0), kind="stable")[:CLASSES_CONTRASTED]
    shares = classes[:, largest].astype(np.float32)
    present = sparse.csr_matrix((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    inside = np.asarray(present.T @ shares, dtype=np.float64)
    every = np.bincount(counts.indices, minlength=counts.shape[1]).astype(np.float64)[:, None]
    size = shares.sum(0, dtype=np.float64)
    ratio = np.log((inside + 1) / (size + 2)) - np.log((every - inside + 1) / (len(shares) - size + 2))
    contrast = np.sqrt(np.abs(ratio).max(1))
    return np.asarray(contrast / max(float(contrast.mean()), 1e-9), dtype=np.float32)


def scaled(counts: Compressed, scale: Array, length: float = 1.0) -> SparseRows:
    """(1 + log count) × scale, rows of Euclidean length `length` (empty rows stay empty); float32 [N, V]."""
    data = (1 + np.log(counts.data)) * scale[counts.indices]
    row = row_numbers(counts)
    norm = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
    norm[norm == 0] = 1
    data = (data / norm[row]).astype(np.float32) * np.float32(length)
    return SparseRows(data, counts.indices, counts.indptr, counts.shape)


def principal_directions(matrix: sparse.csr_matrix, rank: int, seed: int) -> Array:
    """Right singular directions float32 [V, rank] by randomised subspace iteration (Halko et al. 2011).

    Fewer columns when the matrix has no more. Of tf-idf it is latent semantic analysis (Deerwester et al.
    1990).
    """
    width = min(rank + 8, *matrix.shape)
    if width == 0:
        return np.zeros((matrix.shape[1], 0), dtype=np.float32)
    turned = sparse.csr_matrix(matrix.T)
    sample = np.random.default_rng(seed).standard_normal((matrix.shape[1], width)).astype(np.float32)
    for _ in range(3):
        sample = turned @ np.linalg.qr(matrix @ sample)[0]
    basis = np.linalg.qr(matrix @ sample)[0]
    _, _, directions = np.linalg.svd((turned @ basis).T, full_matrices=False)
    return np.ascontiguousarray(directions[:rank].T, dtype=np.float32)
