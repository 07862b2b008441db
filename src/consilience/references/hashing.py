"""Texts → counts of hashed word and character n-grams, without a vocabulary and without a Python loop over
rows.

The hashing trick of Weinberger et al. (2009, "Feature hashing for large scale multitask learning"), with
polynomial hashes of code points computed for all positions of many texts at once.

Words are runs of letters and digits; an ideograph, kana or Thai letter is a word of its own, so text written
without spaces gives single characters and pairs. Character n-grams stay inside blanks, as scikit-learn's
`char_wb`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sparse

from consilience.core.scripts import UNSPACED
from consilience.references.sparse_rows import FEW, SparseRows

Array = np.ndarray[Any, Any]

BITS = 22
"""log2 of the number of hash buckets; collisions are rare below a million distinct n-grams."""
LONGEST = 20_000
"""Characters of a cell that are read."""
CHUNK = 1_000_000
"""Characters hashed at a time: bounds the memory to some 200 MB."""
CHAR_LENGTHS = (2, 3, 4, 5)
BLANKS = re.compile(r"[\s\x00-\x1f]+")

_FACTOR = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_FACTOR, -1, 2**64)


def count_ngrams(texts: pl.Series, part: str) -> SparseRows:
    """Counts of hashed word 1-2-grams ("words") or character 2-5-grams ("chars").

    Args:
        texts: String series of N cells; null counts as empty.
        part: "words" or "chars".

    Returns:
        float32 [N, 2**BITS] with sorted column numbers.
    """
    parts = [_count(chunk, part) for chunk in _chunks(texts)]
    if not parts:
        return SparseRows(np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(1, np.int64), (0, 2**BITS))
    if len(parts) == 1:
        return parts[0]
    every = sparse.vstack([part.matrix() for part in parts], format="csr")
    return SparseRows(every.data, every.indices, every.indptr, every.shape)


def count_few(columns: Sequence[pl.Series], parts: Sequence[str]) -> list[dict[str, SparseRows]]:
    """`count_ngrams` of each column and part, hashed in one go: of a request's few rows the calls of NumPy take longer
    than their work.

    Args:
        columns: of N cells each, at most FEW.
    """
    count = len(columns[0])
    texts = [_clean(text) if text else "" for column in columns for text in column.cast(pl.String).to_list()]
    read = _code_points(texts)
    mixed = _mix(read[0].astype(np.uint64) + np.uint64(1))
    whole = {part: _count_points(read, mixed, len(texts), part) for part in parts}
    return [{part: whole[part].rows(at * count, (at + 1) * count) for part in parts} for at in range(len(columns))]


def _chunks(texts: pl.Series) -> Iterator[list[str]]:
    """The cells as they are hashed: lower case, blanks as single spaces, none at the ends."""
    if 0 < len(texts) <= FEW:  # cleaned by Python
        yield [_clean(text) if text else "" for text in texts.cast(pl.String).to_list()]
        return
    cell = pl.col("text").cast(pl.String).fill_null("").str.slice(0, LONGEST).str.to_lowercase()
    cell = cell.str.replace_all(r"[\s\x00-\x1f]+", " ").str.strip_chars()
    table = texts.rename("text").to_frame().select(cell.alias("clean"), cell.str.len_chars().alias("characters"))
    clean = table["clean"]
    ends = np.cumsum(table["characters"].to_numpy().astype(np.int64) + 2)
    start = 0
    while start < len(clean):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        yield clean.slice(start, stop - start).to_list()
        start = stop


def _clean(text: str) -> str:
    """What the expressions of `_chunks` do to a cell: a call of Polars costs more than a few short texts."""
    return BLANKS.sub(" ", text[:LONGEST].lower()).strip(" ")


def _count(texts: list[str], part: str) -> SparseRows:
    read = _code_points(texts)
    return _count_points(read, _mix(read[0].astype(np.uint64) + np.uint64(1)), len(texts), part)


def _count_points(read: tuple[Array, Array], mixed: Array, texts: int, part: str) -> SparseRows:
    """read: of `_code_points`. mixed: hashes of its points."""
    points, rows = read
    find = _word_keys if part == "words" else _char_keys
    key = np.concatenate(list(find(points, mixed, rows)))
    key.sort()
    new = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=new[1:])
    first = np.flatnonzero(new)
    ends = np.concatenate((first[1:], [len(key)] if len(key) else first))
    counts = (ends - first).astype(np.float32)
    key = key[first]
    row = (key >> np.uint64(BITS)).astype(np.int64)
    pointer = np.searchsorted(row, np.arange(texts + 1))
    column = (key & np.uint64(2**BITS - 1)).astype(np.int32)
    return SparseRows(counts, column, pointer, (texts, 2**BITS))


def _code_points(texts: list[str]) -> tuple[Array, Array]:
    """Code points uint32 [T] of " text \\0" after each other, and the row int64 [T] of each."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 3
    joined = "".join(f" {text} \0" for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return points, np.repeat(np.arange(len(texts)), lengths)


def _mix(value: Array) -> Array:
    """The finaliser of splitmix64 (Steele et al. 2014): spreads every bit over all 64."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


def _keys(rows: Array, value: Array, space: int) -> Array:
    """Row in the upper bits, bucket in the lower: one sort groups equal n-grams of a row."""
    bucket = _mix(value + np.uint64(space * 0x51ED2701 + 1)) >> np.uint64(64 - BITS)
    return (rows.astype(np.uint64) << np.uint64(BITS)) | bucket


def _word_keys(points: Array, mixed: Array, rows: Array) -> Iterator[Array]:
    """Keys of words and of pairs of neighbouring words of the same row."""
    single = np.zeros(len(points), dtype=bool)
    for low, high in UNSPACED:
        single |= (points >= low) & (points <= high)
    letter = _is_letter(points) & ~single
    begins = np.flatnonzero((letter & ~np.concatenate(([False], letter[:-1]))) | single)
    ends = np.flatnonzero((letter & ~np.concatenate((letter[1:], [False]))) | single) + 1
    # the hash of a run is a difference of prefix sums, brought back to power zero: no loop over words
    powers, inverses = _powers(_FACTOR, len(points)), _powers(_INVERSE, len(points))
    prefix = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed * powers)))
    word = _mix((prefix[ends] - prefix[begins]) * inverses[begins])
    row = rows[begins]
    yield _keys(row, word, 1)
    same = row[1:] == row[:-1]
    yield _keys(row[1:][same], (word[:-1] * np.uint64(_FACTOR) + word[1:])[same], 2)


def _char_keys(points: Array, mixed: Array, rows: Array) -> Iterator[Array]:
    """Keys of character n-grams that hold no blank but at their ends, and no end of a row."""
    blank = points == 32
    inner = np.concatenate(([0], np.cumsum(blank)))  # blanks before each position
    stop = np.concatenate(([0], np.cumsum(points == 0)))
    for n in CHAR_LENGTHS:
        count = len(points) - n + 1
        if count <= 0:
            return
        value = np.zeros(count, dtype=np.uint64)
        for k in range(n):
            value = value * np.uint64(_FACTOR) + mixed[k : k + count]
        start = np.arange(count)
        good = (inner[start + n - 1] == inner[start + 1]) & (stop[start + n] == stop[start])
        if n == 2:
            good &= ~(blank[:count] & blank[1 : count + 1])
        yield _keys(rows[:count][good], value[good], 2 + n)


def _powers(base: int, count: int) -> Array:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _is_letter(points: Array) -> Array:
    """bool [T]: letters, digits and marks; every distinct code point is looked up once."""
    table = np.zeros(int(points.max(initial=0)) + 1, dtype=bool)
    present = np.flatnonzero(np.bincount(points, minlength=len(table)))
    table[present] = [chr(p).isalnum() or p == 95 or _is_mark(p) for p in present.tolist()]
    return table[points]


def _is_mark(point: int) -> bool:
    import unicodedata

    return unicodedata.category(chr(point)).startswith("M")
