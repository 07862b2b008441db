"""Sequences → numbers for models that read tables: k-mers condensed, composition, and letters by place.

The spectrum kernel of Leslie et al. 2002 ("The spectrum kernel: a string kernel for SVM protein classification") is the
inner product of such k-mer counts; hashing as in Weinberger et al. 2009. A cell that repeats (one molecule against
many proteins) is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse

from consilience.modalities.alphabets import FIRST, GAP, STOP, mixture, tokens_of
from consilience.modalities.base import Arrays
from consilience.references.base import Rows
from consilience.references.texts import principal_directions

Array = np.ndarray[Any, Any]
Groups = Mapping[str, Mapping[str, Any]]

BITS = 20
"""log2 of the buckets of one column's k-mers."""
LENGTHS = {"dna": (2, 3, 4, 5, 6), "rna": (2, 3, 4, 5, 6)}
OTHER_LENGTHS = (1, 2, 3, 4, 5)
MOST_KMERS = 60_000
"""K-mers kept of a column, the commonest first."""
CHUNK = 2_000_000
"""Letters hashed at a time."""
SVD_CELLS = 20_000
MOST_PLACED = 4_000
"""Places × letters up to which every letter at every place is a feature of its own."""
SPARSE_WORK = 12_000_000
"""Rows × k-mers a cell up to which a linear model reads the k-mers themselves; beyond it their directions."""
MOST_LETTERS = 40


class Counted(NamedTuple):
    """The cells of one column of some rows. counts: CSR [U, 2**BITS] of the distinct cells. place: int64 [N], each
    row's distinct cell. code: [U, L], 0 beyond a cell's end. length: int64 [U], 0 where missing."""

    counts: sparse.csr_matrix
    place: Array
    code: Array
    length: Array


class View(NamedTuple):
    """How one column becomes numbers. kept: int32 [V] buckets. scale: float32 [V]. directions: float32 [V, R]."""

    kept: Array
    scale: Array
    directions: Array


class SequenceColumns:
    """Every sequence column of the groups.

    learn → what is kept of each; dense → one plain matrix for trees; blocks → rows of about unit length, CSR, for
    linear models; state and restore → arrays by name.
    """

    def __init__(self, groups: Groups) -> None:
        self.columns = [
            (name, place, facts)
            for name, facts in groups.items()
            if facts["modality"] == "sequence"
            for place in range(len(facts["columns"]))
        ]
        self.views: list[View] = []

    def learn(self, rows: Rows, index: Array, rank: int, seed: int) -> None:
        """rank: directions of each column."""
        self.views = [_learn(self._counted(rows, at, index), rank, seed) for at in range(len(self.columns))]

    def dense(self, rows: Rows, index: Array) -> list[Array]:
        """float32 [N, ·] of each column, NaN where missing: length, composition, directions, letters by place."""
        found = []
        for at, (view, (_, _, facts)) in enumerate(zip(self.views, self.columns, strict=True)):
            counted = self._counted(rows, at, index)
            parts = [np.log1p(counted.length)[:, None], self._composition(at, counted)]
            parts += [_scaled(counted.counts, view) @ view.directions]
            parts += [self._placed(at, counted)] if _keeps_places(facts) else []
            matrix = np.hstack([np.asarray(p, np.float32) for p in parts])
            matrix[counted.length == 0] = np.nan
            found.append(matrix[counted.place])
        return found

    def blocks(self, rows: Rows, index: Array, condensed: bool) -> list[sparse.csr_matrix]:
        """CSR [N, ·]: k-mers (or, condensed, their directions), and letters by place where lengths are fixed."""
        found = []
        for at, (view, (_, _, facts)) in enumerate(zip(self.views, self.columns, strict=True)):
            counted = self._counted(rows, at, index)
            matrix = _scaled(counted.counts, view)
            matrix = sparse.csr_matrix(matrix @ view.directions) if condensed else matrix
            found.append(sparse.csr_matrix(matrix[counted.place]))
            if _keeps_places(facts):
                placed = self._placed(at, counted) * np.float32(facts["length"] ** -0.5)
                found.append(sparse.csr_matrix(sparse.csr_matrix(placed)[counted.place]))
        return found

    def work(self, rows: Rows, index: Array) -> int:
        """Entries that `blocks` would have, were it not condensed."""
        counted = [self._counted(rows, at, index) for at in range(len(self.columns))]
        return int(sum(np.diff(c.counts.indptr)[c.place].sum() for c in counted))

    def state(self) -> dict[str, Array]:
        return {f"sequence_{n}{i}": a for i, view in enumerate(self.views) for n, a in view._asdict().items()}

    def restore(self, arrays: Mapping[str, Array]) -> None:
        self.views = [View(*(arrays[f"sequence_{n}{i}"] for n in View._fields)) for i in range(len(self.columns))]

    def _counted(self, rows: Rows, at: int, index: Array) -> Counted:
        group, place, facts = self.columns[at]
        arrays = rows.arrays.get(group)
        found: Counted = rows.remembered(
            f"kmers{place}", arrays, index, lambda: _count_cells(arrays, place, facts, index)
        )
        return found

    def _letters(self, at: int) -> tuple[Array, int]:
        """What each code is made of, float32 [V, K], and the first code of the column's alphabet."""
        _, place, facts = self.columns[at]
        alphabet = facts["alphabet"][place]
        tokens = tokens_of(alphabet, facts["tokens"][place])
        own = sum(t not in (GAP, STOP) for t in tokens if len(t) == 1) if alphabet != "smiles" else len(tokens)
        table = mixture(alphabet, tokens)[:, : min(own, MOST_LETTERS)]
        first = FIRST + facts["offset"][place]
        made = np.zeros((int(facts["vocabulary"]), table.shape[1]), np.float32)
        made[first : first + len(table)] = table
        return made, first

    def _composition(self, at: int, counted: Counted) -> Array:
        """Shares of the letters, float32 [U, K]."""
        made, _ = self._letters(at)
        found = np.zeros((len(counted.code), made.shape[1]), np.float32)
        for start in range(0, len(found), 4096):
            found[start : start + 4096] = made[counted.code[start : start + 4096]].sum(1)
        return found / np.maximum(counted.length, 1)[:, None].astype(np.float32)

    def _placed(self, at: int, counted: Counted) -> Array:
        """Letters by place, float32 [U, L × K]."""
        made, _ = self._letters(at)
        length = int(self.columns[at][2]["length"])
        code = np.zeros((len(counted.code), length), np.int64)
        size = min(length, counted.code.shape[1])
        code[:, :size] = counted.code[:, :size]
        return made[code].reshape(len(code), -1)


def _keeps_places(facts: Mapping[str, Any]) -> bool:
    return bool(facts["fixed"]) and int(facts["length"]) * min(int(facts["vocabulary"]), 25) <= MOST_PLACED


def letters_of(rows: Rows, groups: Groups) -> int:
    """Letters of all sequence columns of the rows."""
    names = [name for name, facts in groups.items() if facts["modality"] == "sequence" and name in rows.arrays]
    return int(sum(np.count_nonzero(rows.arrays[name]["mask"]) for name in names))


def _count_cells(arrays: Arrays | None, place: int, facts: Mapping[str, Any], index: Array) -> Counted:
    if arrays is None:
        code, length = np.zeros((len(index), 1), np.uint8), np.zeros(len(index), np.int64)
    else:
        code = np.ascontiguousarray(arrays["code"][index, place])
        length = arrays["mask"][index, place].sum(1)
    as_bytes = code.view(np.dtype((np.void, code.dtype.itemsize * code.shape[1]))).ravel()
    _, first, where = np.unique(as_bytes, return_index=True, return_inverse=True)
    lengths = LENGTHS.get(facts["alphabet"][place], OTHER_LENGTHS)
    return Counted(_count(code[first], length[first], lengths), where.reshape(-1), code[first], length[first])


def _count(code: Array, length: Array, lengths: tuple[int, ...]) -> sparse.csr_matrix:
    """Hashed counts float32 CSR [U, 2**BITS] of the stretches of `lengths` letters."""
    step = max(1, CHUNK // max(code.shape[1], 1))
    parts = [_hash(code[s : s + step], length[s : s + step], lengths) for s in range(0, len(code), step)]
    if not parts:
        nothing = (np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(1, np.int32))
        return sparse.csr_matrix(nothing, shape=(0, 2**BITS))
    return sparse.csr_matrix(sparse.vstack(parts, format="csr"))


def _hash(code: Array, length: Array, lengths: tuple[int, ...]) -> sparse.csr_matrix:
    keys = []
    value: Array = np.zeros(code.shape, np.uint64)
    row: Array = np.arange(len(code), dtype=np.uint64)[:, None] << np.uint64(BITS)
    for k in range(1, lengths[-1] + 1):
        if k > code.shape[1]:
            break
        value = value[:, : code.shape[1] - k + 1] * np.uint64(0x9E3779B97F4A7C15) + code[:, k - 1 :] + np.uint64(1)
        if k in lengths:
            mixed = (value ^ (value >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            bucket = (mixed + np.uint64(k * 0x51ED2701)) * np.uint64(0x94D049BB133111EB) >> np.uint64(64 - BITS)
            real = np.arange(value.shape[1]) < (length - k + 1)[:, None]
            keys.append((row | bucket)[real])
    key, counts = np.unique(np.concatenate(keys) if keys else np.zeros(0, np.uint64), return_counts=True)
    pointer = np.searchsorted(key >> np.uint64(BITS), np.arange(len(code) + 1, dtype=np.uint64))
    column = (key & np.uint64(2**BITS - 1)).astype(np.int32)
    return sparse.csr_matrix((counts.astype(np.float32), column, pointer), shape=(len(code), 2**BITS))


def _learn(counted: Counted, rank: int, seed: int) -> View:
    """The commonest k-mers of the distinct cells, their inverse frequency, and their principal directions."""
    known = np.flatnonzero(counted.length > 0)
    counts = counted.counts[known]
    frequency = np.bincount(counts.indices, minlength=2**BITS)
    kept = np.flatnonzero(frequency >= (2 if len(known) >= 20 else 1))
    if len(kept) > MOST_KMERS:
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:MOST_KMERS]])
    scale = (np.log((1 + len(known)) / (1 + frequency[kept])) + 0.1).astype(np.float32)
    view = View(kept.astype(np.int32), scale, np.zeros((len(kept), 0), np.float32))
    some = np.sort(np.random.default_rng(seed).permutation(len(known))[:SVD_CELLS])
    return view._replace(directions=principal_directions(_scaled(counts[some], view), rank, seed))


def _scaled(counts: sparse.csr_matrix, view: View) -> sparse.csr_matrix:
    """(1 + log count) × scale of the kept k-mers, rows of length 1: float32 CSR [U, V]."""
    place = np.full(2**BITS, -1, np.int32)
    place[view.kept] = np.arange(len(view.kept), dtype=np.int32)
    column = place[counts.indices]
    good = column >= 0
    pointer = np.concatenate(([0], np.cumsum(good)))[counts.indptr]
    data = (1 + np.log(counts.data[good])) * view.scale[column[good]]
    row = np.repeat(np.arange(counts.shape[0]), np.diff(pointer))
    norm = np.sqrt(np.bincount(row, weights=data.astype(np.float64) ** 2, minlength=counts.shape[0]))
    data = (data / np.where(norm > 0, norm, 1)[row]).astype(np.float32)
    return sparse.csr_matrix((data, column[good], pointer), shape=(counts.shape[0], len(view.kept)))
