"""Sequences: DNA, RNA and proteins letter by letter, molecules (SMILES) by atoms and bonds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, final

import numpy as np
import polars as pl

from consilience.modalities.alphabets import tokens_of
from consilience.modalities.base import Arrays, Columns, Facts, Guess, Prepared, Problem
from consilience.modalities.cells import as_text, is_missing_token
from consilience.modalities.form import Form
from consilience.modalities.problems import count_problem
from consilience.modalities.sequence_cells import codes_of, learn_tokens, places, written_in
from consilience.modalities.trimming import without_padding

if TYPE_CHECKING:
    from consilience.core.recipe import Prepare

LONGEST = 1024
"""Most letters kept of a cell unless the recipe says more."""
SHORTEST = 4
COVERED = 0.99
"""Share of the training cells that are kept whole."""
SAME = 0.98
"""Share of cells of one length from which on a letter's place means the same in every row."""
MOST_TOKENS = 250
"""Most tokens learned of a column whose alphabet is not known beforehand."""
LOOKED = 2_000
"""Distinct cells that the alphabet and the tokens are learned from."""


@final
class Sequence:
    """code uint8 (uint16 above 256 codes) [N, C, L], mask bool [N, C, L], a prefix of True.

    0 is padding, 1 a letter that the column's alphabet lacks. Columns of one alphabet share their codes. A longer
    sequence is cut after L letters.
    """

    media: ClassVar[bool] = False
    form: ClassVar[Form] = Form(
        {"type": ["string", "null"], "description": "letters of DNA, RNA or a protein, or SMILES"},
        "text",
        recurs=False,
        distinct=True,
        example=lambda facts, place: "".join(facts["tokens"][place][:8]),
    )

    @staticmethod
    def score(column: pl.Series) -> Guess:
        """High for cells of nucleotides, of amino acids, or of atoms and bonds, that are no short codes."""
        if column.dtype not in (pl.String, pl.Categorical):
            return Guess(0.0, "no letters")
        cells = _cells(column).drop_nulls()
        if not len(cells):
            return Guess(0.0, "every cell is empty")
        found = written_in(_some(cells))
        return Guess(found.score, found.reason)

    @staticmethod
    def learn(columns: Columns, settings: Prepare) -> Facts:
        """facts: columns; alphabet [C]: dna, rna, protein, smiles or characters; tokens [C] lists; offset [C]: what is
        added to a column's codes from 2 on; vocabulary V: number of codes; length L; fixed: nearly all cells of each
        column have the same length, so that a letter's place tells something."""
        alphabets, tokens, lengths = [], [], []
        fixed = True
        for series in columns.values():
            cells = _cells(series).drop_nulls()
            some = _some(cells)
            alphabet = written_in(some).alphabet
            known = tokens_of(alphabet, () if not some else learn_tokens(some, alphabet, MOST_TOKENS))
            found = _lengths(cells, alphabet, known)
            alphabets.append(alphabet)
            tokens.append(known)
            lengths.append(found)
            fixed = fixed and len(found) > 0 and float(np.mean(found == np.median(found))) >= SAME
        limit = settings.max_letters or LONGEST
        longest = max((float(np.quantile(f, COVERED)) for f in lengths if len(f)), default=0.0)
        offset, vocabulary = _offsets(alphabets, tokens)
        return {
            "columns": list(columns),
            "alphabet": alphabets,
            "tokens": tokens,
            "offset": offset,
            "vocabulary": vocabulary,
            "length": int(min(limit, max(SHORTEST, math.ceil(longest)))),
            "fixed": bool(fixed),
        }

    @staticmethod
    def arrays(columns: Columns, facts: Facts) -> Prepared:
        rows, length = len(next(iter(columns.values()))), facts["length"]
        dtype = np.uint8 if facts["vocabulary"] <= 256 else np.uint16
        code = np.zeros((rows, len(facts["columns"]), length), dtype)
        mask = np.zeros(code.shape, bool)
        problems: list[Problem] = []
        for place, name in enumerate(facts["columns"]):
            text = _cells(columns[name])
            read = _read(text, facts, place)
            code[:, place] = read.code.astype(dtype)
            mask[:, place] = np.arange(length) < read.length[:, None]
            message = "the column's alphabet lacks some of the cell's letters, which count as unknown"
            problems += count_problem("unseen_letter", name, message, read.unseen, text)
            empty = np.asarray(text.is_not_null().to_numpy() & (read.length == 0), bool)
            message = "the cell holds a header but no sequence and counts as missing"
            problems += count_problem("no_sequence", name, message, empty, text)
        return Prepared({"code": code, "mask": mask}, problems)

    @staticmethod
    def trim(arrays: Arrays) -> Arrays:
        """Cut to the longest sequence of the batch, rounded up to a multiple of 4."""
        return without_padding(arrays, SHORTEST)


class _Read(NamedTuple):
    """code [N, L], length [N] of what is kept, unseen bool [N]: a letter is not in the alphabet."""

    code: np.ndarray[Any, Any]
    length: np.ndarray[Any, Any]
    unseen: np.ndarray[Any, Any]


def _cells(series: pl.Series) -> pl.Series:
    """Cells as text; "NA", "-" and other words for "no value" are null, as they spell sequences too."""
    text = as_text(series)
    missing = is_missing_token(text).fill_null(False)
    return text.set(missing, None) if missing.any() else text


def _some(cells: pl.Series) -> list[str]:
    """Distinct cells, evenly spaced."""
    distinct = cells.unique(maintain_order=True)
    return distinct.gather_every(max(1, -(-len(distinct) // LOOKED))).to_list()


def _lengths(cells: pl.Series, alphabet: str, tokens: list[str]) -> np.ndarray[Any, Any]:
    """Letters of every cell; of distinct cells only where they are many."""
    place = places(tokens)
    some = _some(cells)
    return np.array([n for cell in some if (n := len(codes_of(cell, alphabet, place)))], np.int64)


def _offsets(alphabets: list[str], tokens: list[list[str]]) -> tuple[list[int], int]:
    """Columns of one alphabet with the same tokens share codes, others follow each other."""
    start: dict[tuple[str, tuple[str, ...]], int] = {}
    used, offsets = 0, []
    for alphabet, known in zip(alphabets, tokens, strict=True):
        key = (alphabet, tuple(known))
        if key not in start:
            start[key] = used
            used += len(known)
        offsets.append(start[key])
    return offsets, 2 + used


def _read(text: pl.Series, facts: Facts, place: int) -> _Read:
    """The cells of one column; every distinct cell is read once."""
    alphabet, length, offset = facts["alphabet"][place], facts["length"], facts["offset"][place]
    known = places(facts["tokens"][place])
    seen: dict[str, int] = {}
    index = np.array([seen.setdefault(cell, len(seen)) if cell else -1 for cell in text.to_list()], np.int64)
    code = np.zeros((len(seen) + 1, length), np.uint16)  # the last row stands for a missing cell
    kept, unseen = np.zeros(len(seen) + 1, np.int64), np.zeros(len(seen) + 1, bool)
    for row, cell in enumerate(seen):
        found = codes_of(cell, alphabet, known)[:length]
        kept[row], unseen[row] = len(found), bool((found == 1).any())
        code[row, : len(found)] = np.where(found > 1, found + offset, found)
    return _Read(code[index], kept[index], unseen[index])
