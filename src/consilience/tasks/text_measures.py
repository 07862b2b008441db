"""How well predicted texts agree with the wanted ones; every row is scored once, resamples only average.

ROUGE (Lin 2004), see `modalities.overlap`; BLEU (Papineni et al. 2002) of the corpus and chrF2 (Popović 2015), the mean
over rows, both by sacrebleu (Post 2018, arXiv 1804.08771) and on its scale 0..100.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from consilience.core.errors import MissingExtraError
from consilience.modalities.overlap import PAIRS_KEPT, has_no_blanks, rouge
from consilience.modalities.text_codes import from_codes
from consilience.tasks.measures import dot

Array = np.ndarray[Any, Any]

CHINESE = re.compile("[\u3400-\u9fff]")
LOOKED_AT = 200
"""Wanted texts that decide how BLEU parts words."""


class _Base:
    """Abstract: the texts of target and predictions [N, K]."""

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        self.pairs = list(zip(from_codes(target), from_codes(predictions), strict=True))


@final
class Overlap(_Base):
    """ROUGE-L, ROUGE-1 and ROUGE-2, mean F1 over rows, 0..1."""

    names: ClassVar[tuple[str, ...]] = ("rouge_l", "rouge_1", "rouge_2")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        super().__init__(kind, target, predictions)
        self.rows = np.array([rouge(*pair) for pair in self.pairs], dtype=np.float64).reshape(-1, 3)

    def at(self, weight: Array) -> dict[str, float]:
        one, two, longest = (dot(np.ascontiguousarray(c), weight) / weight.sum() for c in self.rows.T)
        return {"rouge_l": longest, "rouge_1": one, "rouge_2": two}


@final
class Translation(_Base):
    """BLEU of the corpus (n-gram counts are added up before they are compared) and mean chrF2, 0..100."""

    names: ClassVar[tuple[str, ...]] = ("bleu", "chrf")

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        super().__init__(kind, target, predictions)
        wanted = " ".join(pair[0] for pair in self.pairs[:LOOKED_AT])
        parted = "zh" if CHINESE.search(wanted) and has_no_blanks(wanted) else "13a"
        counted = [_bleu_counts(*pair, parted) for pair in self.pairs]
        self.counts = np.array([[*c.right, *c.total, c.said, c.wanted] for c in counted], np.float64).reshape(-1, 10)
        self.chrf = np.array([_chrf(*pair) for pair in self.pairs], dtype=np.float64)

    def at(self, weight: Array) -> dict[str, float]:
        sums = np.einsum("nk,n->k", self.counts, weight)
        return {"bleu": _bleu_of(sums), "chrf": dot(self.chrf, weight) / weight.sum()}


@final
class Exact(_Base):
    """Share of rows whose text is the wanted one, blanks at the ends apart."""

    names: ClassVar[tuple[str, ...]] = ("exact_match",)

    def __init__(self, kind: str, target: Array, predictions: Array) -> None:
        super().__init__(kind, target, predictions)
        self.right = np.array([a.strip() == b.strip() for a, b in self.pairs], dtype=np.float64)

    def at(self, weight: Array) -> dict[str, float]:
        return {"exact_match": dot(self.right, weight) / weight.sum()}


class _Counts(NamedTuple):
    """Of orders 1..4: n-grams that are right, n-grams said. said, wanted: lengths."""

    right: tuple[int, ...]
    total: tuple[int, ...]
    said: int
    wanted: int


def _metrics() -> Any:
    """
    Raises:
        MissingExtraError: when sacrebleu is not installed.
    """
    try:
        from sacrebleu import metrics
    except ModuleNotFoundError:
        raise MissingExtraError("sacrebleu", "generation", "Judging texts") from None
    return metrics


@cache
def _bleu(parted: str) -> Any:
    return _metrics().BLEU(tokenize=parted, smooth_method="none", force=True)


@lru_cache(maxsize=PAIRS_KEPT)
def _bleu_counts(wanted: str, said: str, parted: str) -> _Counts:
    found = _bleu(parted).corpus_score([said], [[wanted]])
    return _Counts(tuple(found.counts), tuple(found.totals), found.sys_len, found.ref_len)


def _bleu_of(sums: Array) -> float:
    """BLEU, 0..100, from summed counts [10]; 0 where some order has no right n-gram."""
    right, total, (said, wanted) = sums[:4], sums[4:8], sums[8:]
    if said <= 0 or (right <= 0).any():
        return 0.0
    brevity = 1.0 if said >= wanted else float(np.exp(1 - wanted / said))
    return 100 * brevity * float(np.exp(np.log(right / total).mean()))


@cache
def _chrf_metric() -> Any:
    return _metrics().CHRF()


@lru_cache(maxsize=PAIRS_KEPT)
def _chrf(wanted: str, said: str) -> float:
    return float(_chrf_metric().sentence_score(said, [wanted]).score)
