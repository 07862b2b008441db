"""Near-duplicate texts by MinHash over character n-grams, which needs no words and so works for Chinese too.

One-permutation MinHash with rotation for empty bins: Shrivastava and Li 2014, "Densifying One Permutation
Hashing", arXiv 1406.4784. Banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
Every candidate pair is confirmed by its exact Jaccard similarity.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

LETTERS = 1000
"""Letters of a text that are compared, from its start."""
BINS = 60
BANDS = 12
SIMILAR = 0.8
"""Jaccard similarity of n-gram sets from which two texts are near duplicates."""
CHUNK = 4000
"""Texts hashed at a time: bounds memory at some 100 MB."""
IDEOGRAPHS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]"

Array = np.ndarray[Any, Any]


class Grams(NamedTuple):
    """How a column's texts are cut: n-gram length, and the n-grams from which a text says enough to
    compare."""

    length: int
    least: int


def normalised(texts: pl.Series) -> pl.Series:
    """Lower case, compatibility forms joined, everything but letters and digits a single blank."""
    clean = texts.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
    return clean.str.strip_chars().str.slice(0, LETTERS)


def grams_for(texts: pl.Series) -> Grams:
    """3-grams for scripts whose letters are syllables or words, else 6-grams."""
    sample = texts.drop_nulls().head(500)
    letters = int(sample.str.len_chars().sum() or 0)
    ideographs = int(sample.str.count_matches(IDEOGRAPHS).sum() or 0)
    return Grams(3, 12) if ideographs > 0.3 * letters else Grams(6, 24)


def near_pairs(texts: pl.Series, grams: Grams) -> Array:
    """[P, 2] positions of near-duplicate texts (`normalised`, distinct, no nulls); clusters come as chains or
    stars, not as all their pairs.
    """
    long = np.flatnonzero((texts.str.len_chars() >= grams.length + grams.least - 1).to_numpy())
    kept = texts[long]
    if len(kept) < 2:
        return np.empty((0, 2), np.int64)
    prints = np.concatenate([_prints(kept[i : i + CHUNK], grams.length) for i in range(0, len(kept), CHUNK)])
    pairs = _candidates(prints)
    alike = (prints[pairs[:, 0]] == prints[pairs[:, 1]]).mean(1) >= SIMILAR - 0.2
    words = kept.to_list()
    close = [p for p in pairs[alike] if jaccard(words[p[0]], words[p[1]], grams.length) >= SIMILAR]
    return long[np.array(close, np.int64).reshape(-1, 2)]


def jaccard(one: str, other: str, length: int) -> float:
    """Shared over all distinct n-grams of two texts, 0..1."""
    a = {one[i : i + length] for i in range(len(one) - length + 1)}
    b = {other[i : i + length] for i in range(len(other) - length + 1)}
    return len(a & b) / max(len(a | b), 1)


def _prints(texts: pl.Series, length: int) -> Array:
    """[N, BINS] uint64 MinHash values."""
    words = texts.to_list()
    sizes = np.array([len(w) for w in words], np.int64)
    letters = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.uint64)
    document = np.repeat(np.arange(len(words)), sizes)
    whole = np.arange(len(letters)) + length <= np.cumsum(sizes)[document]  # n-grams that end inside their text
    hashed = np.zeros(len(letters) - length + 1, np.uint64)
    for offset in range(length):
        hashed = hashed * np.uint64(1_000_003) + letters[offset : len(letters) - length + 1 + offset]
    hashed = _mix(hashed)[whole[: len(hashed)]]
    document = document[: len(whole)][whole]
    cell = document * BINS + (hashed % np.uint64(BINS)).astype(np.int64)
    order = np.lexsort((hashed, cell))
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    empty = np.iinfo(np.uint64).max
    prints = np.full(len(words) * BINS, empty, np.uint64)
    prints[cell[order][first]] = hashed[order][first]
    return _filled(prints.reshape(-1, BINS), empty)


def _mix(values: Array) -> Array:
    """Spread the bits of 64-bit integers (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def _filled(prints: Array, empty: int) -> Array:
    """Empty bins take the next full bin's value plus the distance to it, so that short texts compare
    fairly."""
    filled = prints.copy()
    for distance in range(1, BINS):
        hole = filled == empty
        if not hole.any():
            break
        other = np.roll(prints, -distance, axis=1)
        take = hole & (other != empty)
        filled[take] = other[take] + np.uint64(distance)
    return filled


def _candidates(prints: Array) -> Array:
    """[P, 2] distinct pairs that share a band: neighbours in a bucket, and each member with the bucket's
    first."""
    rows = BINS // BANDS
    found = [np.empty((0, 2), np.int64)]
    for band in range(BANDS):
        key = np.zeros(len(prints), np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            key = _mix(key * np.uint64(31) + prints[:, column])
        found.append(bucket_pairs(key))
    return np.unique(np.concatenate(found), axis=0)


def bucket_pairs(key: Array) -> Array:
    """[P, 2] (smaller, larger) positions of equal keys: O(N) pairs, enough to join each bucket."""
    if len(key) < 2:
        return np.empty((0, 2), np.int64)
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    start = np.maximum.accumulate(np.where(np.concatenate(([True], ~same)), np.arange(len(key)), 0))
    later = np.flatnonzero(same) + 1
    neighbours = np.stack([order[later - 1], order[later]], 1)
    leaders = np.stack([order[start[later]], order[later]], 1)
    return np.unique(np.sort(np.concatenate([neighbours, leaders]), axis=1), axis=0)
