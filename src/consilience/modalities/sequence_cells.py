"""Cells of sequences: headers and blanks cut, letters read, and which alphabet they are written in.

SMILES are cut into atoms, bonds and rings by the expression of Schwaller et al. 2019, "Molecular Transformer"
(arXiv 1811.02633).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from consilience.modalities.alphabets import AMINO, FIRST, FIXED, code_table

SMILES_TOKEN = re.compile(
    r"\[[^\]]+\]|Br|Cl|[NOSPFIBCbcnops]|\(|\)|\.|=|#|-|\+|\\|/|:|~|@|\?|>|\*|\$|%[0-9]{2}|[0-9]|.", re.DOTALL
)
ATOM_OR_BOND = re.compile(r"(?:\[[^\]\s]+\]|Br|Cl|[NOSPFIBCbcnops]|[().=#+\-\\/:~@*$]|%[0-9]{2}|[0-9])+")
HEADER = re.compile(r"^[>;].*$", re.MULTILINE)
HEADER_ON_THE_LINE = re.compile(r"^[>;].*\s")
BLANKS = re.compile(r"\s+")
NUCLEIC = frozenset("ACGTURYSWKMBDHVN-._*")
RARE = frozenset("BJOUXZ")
"""Letters that proteins hardly hold and other words often do."""
VOWELS = frozenset("AEIOUY")
LEAST_ON_THE_LINE = 8
"""Letters that the last word of a header's line needs to be the sequence itself."""
MOST_LETTERS = 400_000
"""Letters that detection looks at."""


class Written(NamedTuple):
    """alphabet: dna, rna, protein, smiles or characters. score: 0..1, how well the cells fit. reason: why."""

    alphabet: str
    score: float
    reason: str


def cleaned(cell: str, alphabet: str = "") -> str:
    """The cell without FASTA headers and blanks; of SMILES without what stands behind them (a name)."""
    if alphabet == "smiles":
        return (cell.split(maxsplit=1) or [""])[0]
    if cell[:1] in (">", ";"):
        several = "\n" in cell.strip()
        cell = HEADER.sub("", cell) if several else HEADER_ON_THE_LINE.sub("", cell)
        if cell[:1] in (">", ";") or (not several and len(cell.strip()) < LEAST_ON_THE_LINE):
            return ""  # a header and nothing else
    return BLANKS.sub("", cell)


def split_smiles(cell: str) -> list[str]:
    """Atoms, bonds, branches and rings of a SMILES string; a sign that is none of them stands alone.

    Example:
        >>> split_smiles("C[C@H](Br)c1")
        ['C', '[C@H]', '(', 'Br', ')', 'c', '1']
    """
    return SMILES_TOKEN.findall(cell)


def pieces(cell: str, alphabet: str) -> list[str]:
    """The cell as the pieces that have a code each, as written."""
    text = cleaned(cell, alphabet)
    return split_smiles(text) if alphabet == "smiles" else list(text)


def codes_of(cell: str, alphabet: str, place: dict[str, int]) -> np.ndarray[Any, Any]:
    """Codes uint16 [n] of one cell: 1 where a letter is unknown. place: token → code, where the alphabet is learned."""
    if alphabet in FIXED:
        raw = cleaned(cell).encode("latin-1", "replace").translate(_table(alphabet))
        return np.frombuffer(raw, np.uint8).astype(np.uint16)
    found = pieces(cell, alphabet)
    return np.fromiter((place.get(p, 1) for p in found), np.uint16, len(found))


@cache
def _table(alphabet: str) -> bytes:
    return code_table(alphabet)


def learn_tokens(cells: Sequence[str], alphabet: str, most: int) -> list[str]:
    """The commonest pieces of the cells, ties in alphabetical order."""
    counts: Counter[str] = Counter()
    for cell in cells:
        counts.update(pieces(cell, alphabet))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [token for token, _ in ranked[:most]]


def places(tokens: Sequence[str]) -> dict[str, int]:
    """Token → code."""
    return {token: place + FIRST for place, token in enumerate(tokens)}


def written_in(cells: Sequence[str]) -> Written:
    """The alphabet that most cells fit, and how well; "characters" with a score of 0 where none does."""
    budget, kept = MOST_LETTERS, []
    for cell in cells:
        kept.append(cell)
        budget -= len(cell)
        if budget < 0:
            break
    looked = [_nucleic(kept), _smiles(kept), _protein(kept)]
    best = max(looked, key=lambda found: found.score)
    return best if best.score > 0 else Written("characters", 0.0, "letters of no known alphabet")


def _nucleic(cells: Sequence[str]) -> Written:
    texts = [cleaned(cell).upper() for cell in cells]
    fit = [text for text in texts if text and set(text) <= NUCLEIC]
    counts = Counter("".join(fit))
    letters = sum(counts.values())
    bases = sum(counts[base] for base in "ACGTU")
    name = "rna" if counts["U"] > counts["T"] else "dna"
    share = len(fit) / max(len(cells), 1)
    kinds = sum(counts[b] > 0 for b in "ACG") + (counts["T"] + counts["U"] > 0)
    unknown = counts["N"] + counts["-"] + counts["."] + counts["_"]
    if share < 0.9 or kinds < 3 or bases < 0.9 * (letters - unknown) or bases < 0.5 * letters:
        return Written(name, 0.0, "")
    length = _median(texts)
    score = share * _by_length(length, (0.97, 20), (0.93, 8), len(set(texts)))
    return Written(name, score, f"{name.upper()}: {share:.0%} of the cells hold nucleotides only, {length:.0f} letters")


def _protein(cells: Sequence[str]) -> Written:
    texts = [cleaned(cell) for cell in cells]
    spaced = sum(bool(re.search(r"\S[ \t]\S", cell)) and not cell.startswith((">", ";")) for cell in cells)
    fit = [text for text in texts if text and re.fullmatch(r"[A-Z*.-]+|[a-z*.-]+", text)]
    counts = Counter("".join(fit).upper())
    letters = max(sum(n for letter, n in counts.items() if letter.isalpha()), 1)
    share = len(fit) / max(len(cells), 1)
    length = _median(texts)
    rare, vowels = (sum(counts[x] for x in some) / letters for some in (RARE, VOWELS))
    lower = "".join(fit[:50]).islower()
    varied = sum(counts[letter] > 0 for letter in AMINO)
    plain = share >= 0.9 and rare - counts["X"] / letters <= 0.03 and rare <= 0.2 and vowels <= 0.36 and varied >= 12
    if not plain or spaced > 0.02 * len(cells) or (lower and length < 30):
        return Written("protein", 0.0, "")
    score = share * _by_length(length, (0.96, 20), (0.9, 8), len(set(texts)))
    return Written("protein", score, f"protein: {share:.0%} of the cells hold amino acids only, {length:.0f} letters")


def _smiles(cells: Sequence[str]) -> Written:
    texts = [cleaned(cell, "smiles") for cell in cells]
    good = [text for text in texts if _looks_like_smiles(text)]
    share = len(good) / max(len(cells), 1)
    built = sum(bool(re.search(r"[()=#\[]|[A-Za-z]\d", text)) for text in good) / max(len(good), 1)
    spaced = sum(len(cell.split()) > 2 for cell in cells)
    length = _median(texts)
    if share < 0.9 or built < 0.5 or spaced > 0.1 * len(cells):
        return Written("smiles", 0.0, "")
    score = share * _by_length(length, (0.96, 12), (0.9, 6), len(set(texts)))
    return Written("smiles", score, f"SMILES: {share:.0%} of the cells spell molecules, {length:.0f} signs")


def _looks_like_smiles(text: str) -> bool:
    """Atoms and bonds only, a carbon, parentheses that match, and rings that are opened and closed."""
    if not ATOM_OR_BOND.fullmatch(text) or not re.search("[Cc]", text):
        return False
    outside = re.sub(r"\[[^\]]+\]", "", text)
    rings = Counter(re.findall(r"%[0-9]{2}|[0-9]", outside))
    return outside.count("(") == outside.count(")") and all(n % 2 == 0 for n in rings.values())


def _median(texts: Sequence[str]) -> float:
    return float(np.median([len(text) for text in texts])) if texts else 0.0


def _by_length(length: float, long: tuple[float, int], short: tuple[float, int], kinds: int) -> float:
    """The score of a typical length: long cells are surely sequences, of short ones few kinds are rather categories."""
    if length >= long[1]:
        return long[0]
    if length >= short[1]:
        return short[0] if kinds > 20 else 0.5
    return 0.05
