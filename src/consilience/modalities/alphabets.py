"""The letters that sequences are written in, and what ambiguous ones stand for.

Nucleotides and amino acids as IUPAC-IUB names them (Cornish-Bowden 1985, doi 10.1093/nar/13.9.3021; IUPAC-IUB JCBN
1984, doi 10.1111/j.1432-1033.1984.tb07877.x). Hydropathy: Kyte & Doolittle 1982; volume (cubic ångström): Zamyatnin
1972.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

GAP, STOP = "-", "*"
FIRST = 2
"""Code of an alphabet's first token: 0 is padding, 1 a letter that is none."""


class Alphabet(NamedTuple):
    """tokens: letters in the order of their codes. means: ambiguous letter → the letters that it stands for. alias:
    letter → the one that it is read as."""

    tokens: str
    means: dict[str, str]
    alias: dict[str, str]


_NUCLEIC = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}
AMINO = "ACDEFGHIKLMNPQRSTVWY"
_PROTEIN = {"B": "DN", "Z": "EQ", "J": "IL", "U": "C", "O": "K", "X": AMINO}
FIXED: dict[str, Alphabet] = {
    "dna": Alphabet("ACGT" + "".join(_NUCLEIC) + GAP + STOP, _NUCLEIC, {"U": "T", ".": GAP, "_": GAP, "X": "N"}),
    "rna": Alphabet(
        "ACGU" + "".join(_NUCLEIC) + GAP + STOP,
        {letter: found.replace("T", "U") for letter, found in _NUCLEIC.items()},
        {"T": "U", ".": GAP, "_": GAP, "X": "N"},
    ),
    "protein": Alphabet(AMINO + "".join(_PROTEIN) + GAP + STOP, _PROTEIN, {".": GAP, "_": GAP}),
}
"""Alphabets whose letters are known beforehand; of SMILES and others the training rows tell the tokens."""

HYDROPATHY = dict(
    zip(
        AMINO,
        map(
            float,
            [
                "1.8",
                "2.5",
                "-3.5",
                "-3.5",
                "2.8",
                "-0.4",
                "-3.2",
                "4.5",
                "-3.9",
                "3.8",
                "1.9",
                "-3.5",
                "-1.6",
                "-3.5",
                "-4.5",
                "-0.8",
                "-0.7",
                "4.2",
                "-0.9",
                "-1.3",
            ],
        ),
        strict=True,
    )
)
VOLUME = dict(
    zip(
        AMINO,
        map(
            float,
            [
                "88.6",
                "108.5",
                "111.1",
                "138.4",
                "189.9",
                "60.1",
                "153.2",
                "166.7",
                "168.6",
                "166.7",
                "162.9",
                "114.1",
                "112.7",
                "143.8",
                "173.4",
                "89.0",
                "116.1",
                "140.0",
                "227.8",
                "193.6",
            ],
        ),
        strict=True,
    )
)
CHARGE = {"K": 1.0, "R": 1.0, "D": -1.0, "E": -1.0, "H": 0.1}


def tokens_of(alphabet: str, learned: Sequence[str] = ()) -> list[str]:
    """Tokens in the order of their codes; of an alphabet that is not FIXED the learned ones."""
    return list(FIXED[alphabet].tokens) if alphabet in FIXED else list(learned)


def mixture(alphabet: str, tokens: Sequence[str]) -> np.ndarray[Any, Any]:
    """What each token is made of: float32 [T, K].

    A letter is a 1 in its own place, an ambiguous one shares it out (N: a quarter each of A, C, G, T). Amino acids
    also bring hydropathy, volume and charge, of mean 0 and spread 1.
    """
    known = FIXED.get(alphabet)
    if known is None:
        return np.eye(len(tokens), dtype=np.float32)
    own = [token for token in tokens if token not in known.means]
    found = np.zeros((len(tokens), len(own)), np.float32)
    for row, token in enumerate(tokens):
        parts = known.means.get(token, token)
        found[row, [own.index(part) for part in parts]] = 1 / len(parts)
    if alphabet != "protein":
        return found
    table = np.array([[HYDROPATHY.get(t, 0.0), VOLUME.get(t, 0.0), CHARGE.get(t, 0.0)] for t in own], np.float32)
    real = np.array([token in AMINO for token in own])
    scaled = (table - table[real].mean(0)) / table[real].std(0) * real[:, None]
    return np.hstack([found, found @ scaled.astype(np.float32)])


def code_table(alphabet: str) -> bytes:
    """A table of 256 bytes for `bytes.translate`: Latin-1 letter of either case → code, 1 where it is none."""
    known = FIXED[alphabet]
    table = bytearray([1] * 256)
    for place, token in enumerate(known.tokens):
        table[ord(token)] = table[ord(token.lower())] = place + FIRST
    for letter, token in known.alias.items():
        table[ord(letter)] = table[ord(letter.lower())] = known.tokens.index(token) + FIRST
    return bytes(table)
