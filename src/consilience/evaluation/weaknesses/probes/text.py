"""Texts: lost words and swapped letters; their length and script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, final

import numpy as np
import polars as pl

from consilience.evaluation.weaknesses.probes.base import SHARES, Probe, Random, Worn
from consilience.evaluation.weaknesses.trait import Trait
from consilience.modalities.cells import as_text

Array = np.ndarray[Any, Any]

SCRIPTS = {
    "Han": r"\p{Han}",
    "Latin": r"\p{Latin}",
    "Cyrillic": r"\p{Cyrillic}",
    "Arabic": r"\p{Arabic}",
    "Devanagari": r"\p{Devanagari}",
    "Kana": r"[\p{Hiragana}\p{Katakana}]",
    "Hangul": r"\p{Hangul}",
}


def missing_text(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Cells of text go missing, each by itself."""
    return texts.with_columns(c.set(pl.Series(random.random(len(c)) < share), None) for c in texts.iter_columns())


def words_dropped(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Words (characters, in scripts without blanks) are left out."""

    def drop(cell: str) -> str:
        parts, joint = _parts(cell)
        return joint.join(p for p, keep in zip(parts, random.random(len(parts)) >= share, strict=True) if keep)

    return _each(texts, drop)


def letters_swapped(texts: pl.DataFrame, share: float, random: Random) -> pl.DataFrame:
    """Words get two neighbouring letters swapped, as by a slip of the fingers."""

    def swap(cell: str) -> str:
        parts, joint = _parts(cell)
        for i in np.flatnonzero(random.random(len(parts)) < share):
            word = parts[i]
            if len(word) > 1:
                at = int(random.integers(0, len(word) - 1))
                parts[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            elif i + 1 < len(parts) and not joint:
                parts[i], parts[i + 1] = parts[i + 1], parts[i]
        return joint.join(parts)

    return _each(texts, swap)


def _parts(cell: str) -> tuple[list[str], str]:
    """The words of a text and what joins them; the characters where there are hardly any blanks."""
    words = cell.split()
    return (words, " ") if len(words) > 1 + len(cell) / 30 or len(cell) < 8 else (list(cell), "")


def _each(texts: pl.DataFrame, change: Callable[[str], str]) -> pl.DataFrame:
    """A text of which nothing is left is missing."""
    changed = [
        pl.Series(c.name, [None if cell is None else change(cell) or None for cell in c.to_list()], dtype=pl.String)
        for c in texts.iter_columns()
    ]
    return pl.DataFrame(changed)


def scripts(text: pl.Series) -> pl.Series:
    """The script that most letters of each text are written in; null where there are none."""
    counts = pl.DataFrame({name: text.str.count_matches(pattern).fill_null(0) for name, pattern in SCRIPTS.items()})
    best = counts.to_numpy()
    names = np.array(list(SCRIPTS), object)[best.argmax(1)] if len(best) else np.zeros(0, object)
    return pl.Series(names.tolist(), dtype=pl.String).set(pl.Series(best.sum(1) == 0), None)


@final
class TextProbe(Probe):
    """Texts lose words and have slips of the fingers; rows are told apart by length and script."""

    wears: ClassVar[tuple[Worn, ...]] = (
        Worn("missing", SHARES, "share", missing_text),
        Worn("words", SHARES, "share", words_dropped),
        Worn("letters", (0.05, 0.1, 0.25, 0.5), "share", letters_swapped),
    )
    as_written: ClassVar[bool] = True

    @staticmethod
    def told(column: pl.Series) -> list[Trait] | None:
        text = as_text(column)
        length = text.str.len_chars().cast(pl.Float64).to_numpy()
        return [Trait(column.name, "length", length), Trait(column.name, "script", text=scripts(text))]
