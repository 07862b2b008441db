"""A quick linear model of texts, numbers and categories, for checks that need held-out probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from consilience.data.fingerprint import LETTERS, grams_for
from consilience.modalities.cells import as_number, as_text

FOLDS = 4
STEPS = 150_000
"""Stochastic gradient steps of a fit, over all epochs."""
TEMPERATURES = (1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0)

Array = np.ndarray[Any, Any]


def simple_features(frame: pl.DataFrame, modalities: dict[str, str]) -> Any:
    """Sparse [N, F], rows of length 1: hashed words (letters where a script has no blanks) in ones and twos,
    categories one-hot, numbers in ranks with a flag where they are missing."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    parts = []
    for name, modality in modalities.items():
        if modality == "text":
            texts = as_text(frame[name]).fill_null("").str.slice(0, LETTERS)
            analyzer = "word" if grams_for(texts).length > 3 else "char"
            hashing = HashingVectorizer(
                analyzer=analyzer,
                ngram_range=(1, 2),
                n_features=2**17,
                alternate_sign=False,
                token_pattern=r"\b\w+\b",
            )
            parts.append(hashing.transform(texts.to_list()))
        elif modality == "number":
            number = as_number(frame[name])
            rank = (number.rank("average") / max(number.count(), 1)).fill_null(0.5).to_numpy()
            parts.append(csr_matrix(np.stack([rank - 0.5, number.is_null().to_numpy()], 1)))
        else:
            values = as_text(frame[name]).fill_null("")
            hashing = HashingVectorizer(analyzer=_whole, n_features=2**12, norm=None)
            parts.append(hashing.transform(values.to_list()))
    return normalize(hstack(parts).tocsr())


def held_out_probabilities(features: Any, code: Array, seed: int, heard: Callable[[int, int], None]) -> Array:
    """[N, K] out-of-fold class probabilities, softened until their log loss is best; code [N] int in 0..K−1.

    `heard` gets (folds done, folds). Softening by a temperature: Guo et al. 2017, "On Calibration of
    Modern Neural Networks".
    """
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(code), int(code.max()) + 1))
    epochs = int(np.clip(STEPS // len(code), 8, 100))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, code)
    for done, (train, held) in enumerate(folds):
        heard(done, FOLDS)
        model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=epochs, tol=None, random_state=seed)
        found[held] = model.fit(features[train], code[train]).predict_proba(features[held])
    heard(FOLDS, FOLDS)
    return min((_softened(found, t) for t in TEMPERATURES), key=lambda p: _log_loss(p, code))


def _softened(probability: Array, temperature: float) -> Array:
    soft = np.maximum(probability, 1e-12) ** (1 / temperature)
    return np.asarray(soft / soft.sum(1, keepdims=True))


def _log_loss(probability: Array, code: Array) -> float:
    return float(-np.log(np.maximum(probability[np.arange(len(code)), code], 1e-9)).mean())


def _whole(value: str) -> list[str]:
    """The analyzer of categories: the value is the one word."""
    return [value] if value else []
