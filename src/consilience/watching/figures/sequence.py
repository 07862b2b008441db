"""Figures of sequences: length and kinds of letters."""

from __future__ import annotations

from typing import Any, final

from consilience.modalities.sequence_cells import cleaned

LETTERS = {
    "gc": "GC",
    "unknown": "NX?",
    "gaps": "-.",
    "repelling": "AILMFWV",
    "charged": "DEKR",
    "rings": "0123456789%",
    "branches": "(",
}
"""Figure of a sequence → the letters that it counts."""


@final
class SequenceFigures:
    """Letters, and the shares of kinds of them, whatever the alphabet: bases G and C, unknown letters, gaps, water-
    repelling and charged amino acids, aromatic atoms, rings and branches of molecules."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        text = cleaned(str(cell))
        size, upper = max(len(text), 1), text.upper()
        shares = {name: sum(map(upper.count, letters)) / size for name, letters in LETTERS.items()}
        return {
            "letters": float(len(text)),
            **shares,
            "aromatic": sum(map(text.count, "cnos")) / size,
            "variety": len(set(upper)) / size,
        }
