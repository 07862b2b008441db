"""How much of one text another repeats: ROUGE (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries").

The figures are those of the `rouge-score` library without stemming; it is imported on first use. Words are runs of
letters and digits in any script; scripts written without blanks (Chinese, Japanese, Thai) count by character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any, NamedTuple

from consilience.core.errors import MissingExtraError
from consilience.core.scripts import UNSPACED_CLASS

WORD = re.compile(f"[{UNSPACED_CLASS}]|[^\\W_{UNSPACED_CLASS}]+")
PAIRS_KEPT = 200_000
"""Scores remembered: the same pair is asked again for every comparison."""


class Rouge(NamedTuple):
    """F1 of single words, of pairs of words, and of the longest common subsequence; each 0..1."""

    one: float
    two: float
    longest: float


def words_of(text: str) -> list[str]:
    """Words without case; characters where words are not parted by blanks.

    Example:
        >>> words_of("The X-ray 正常")
        ['the', 'x', 'ray', '正', '常']
    """
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def has_no_blanks(text: str) -> bool:
    """Whether a script without blanks between words makes up half of the words or more."""
    words = words_of(text)
    return 2 * sum(bool(re.match(f"[{UNSPACED_CLASS}]", word)) for word in words) >= max(len(words), 1)


@lru_cache(maxsize=PAIRS_KEPT)
def rouge(wanted: str, said: str) -> Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L (F1) of what was said against what was wanted.

    Raises:
        MissingExtraError: when the `rouge-score` library is not installed.
    """
    found = _scorer().score(wanted, said)
    return Rouge(*(float(found[name].fmeasure) for name in ("rouge1", "rouge2", "rougeL")))


class _Words:
    """`words_of` as the library calls it."""

    def tokenize(self, text: str) -> list[str]:
        return words_of(text)


@cache
def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ModuleNotFoundError:
        raise MissingExtraError("rouge-score", "generation", "Judging texts") from None
    return RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=_Words())
