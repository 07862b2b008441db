"""Figures of texts: length and kinds of characters."""

from __future__ import annotations

from typing import Any, final


@final
class TextFigures:
    """Length, words, and the shares of letters, digits, blanks and characters beyond ASCII."""

    @staticmethod
    def read(cell: Any) -> dict[str, Any]:
        text = str(cell)
        size = max(len(text), 1)
        return {
            "characters": float(len(text)),
            "words": float(len(text.split())),
            "letters": sum(c.isalpha() for c in text) / size,
            "digits": sum(c.isdigit() for c in text) / size,
            "beyond_ascii": sum(ord(c) > 127 for c in text) / size,
            "variety": len(set(text.lower().split())) / max(len(text.split()), 1),
        }
