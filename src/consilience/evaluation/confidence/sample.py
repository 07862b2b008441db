"""Held-out rows ready to be resampled: rates and means with 95 % intervals, many of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from consilience.evaluation.comparison import Judged
from consilience.evaluation.intervals import planned_resamples, resamples_of, summary

Array = np.ndarray[Any, Any]
Score = dict[str, float]

MOST_ROWS = 10_000
"""More labelled test rows are sampled down to this many."""
BLOCK = 64
"""Resamples multiplied at once."""


@dataclass(frozen=True)
class Sample:
    """Labelled rows, n of them.

    rows: int64 [n], their positions among the test rows. target: float64 [n, K]. weight: [n]. clusters: [n] or None.
    """

    kind: str
    rows: Array
    target: Array
    weight: Array
    clusters: Array | None
    seed: int

    @property
    def actual(self) -> Array:
        """int64 [n]: the class of each row."""
        return np.asarray(self.target.argmax(1))

    @property
    def is_plain(self) -> bool:
        """True where rows are independent and count alike, so that hits follow a binomial distribution."""
        return self.clusters is None and bool(np.allclose(self.weight, self.weight[:1]))

    def draws(self) -> Array:
        """[n] uniform in [0, 1): one random number a row, the same at every call."""
        return np.random.default_rng([self.seed, 11]).random(len(self.rows))

    def sums(self, values: Array) -> Array:
        """Weighted sums over rows: float64 [1 + R, S], of the rows as they are and of R resamples.

        Args:
            values: [n, S].
        """
        weighted = np.asarray(values, np.float64) * self.weight[:, None]
        found = [weighted.sum(0, keepdims=True)]
        count = planned_resamples(len(self.rows), values.shape[1])
        block: list[Array] = []
        for counts in resamples_of(np.arange(len(self.rows)), self.clusters, self.seed, count):
            block.append(counts)
            if len(block) == BLOCK:
                found.append(np.stack(block) @ weighted)
                block = []
        if block:
            found.append(np.stack(block) @ weighted)
        return np.concatenate(found)

    def ratios(self, above: Array, below: Array | None = None) -> list[Score]:
        """Σ above / Σ below of each column, [n, S] both (below: all ones when None), with bootstrap intervals."""
        columns = above.shape[1]
        under = np.ones((len(above), 1)) if below is None else below
        sums = self.sums(np.hstack([above, under]))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = sums[:, :columns] / sums[:, columns:]
        found[~np.isfinite(found)] = np.nan
        return [summary(found[0, s], found[1:, s]) for s in range(columns)]

    def mean(self, values: Array) -> Score:
        """Weighted mean of values [n]."""
        return self.ratios(np.asarray(values, np.float64)[:, None])[0]

    def rate(self, hits: Array, among: Array | None = None) -> Score:
        """Share of `hits` (bool [n]) among rows (bool [n], all when None).

        Exact binomial interval (Clopper & Pearson 1934) of independent rows, else bootstrap.
        """
        counted = np.ones(len(hits), dtype=bool) if among is None else np.asarray(among, dtype=bool)
        return self.rates(np.asarray(hits, dtype=bool)[:, None], counted[:, None])[0]

    def rates(self, hits: Array, among: Array) -> list[Score]:
        """The same for each column of bool [n, S]."""
        both = hits & among
        if self.is_plain:
            return [binomial(int(a), int(b)) for a, b in zip(both.sum(0), among.sum(0), strict=True)]
        return self.ratios(both, among)


def sample_of(judged: Judged, most: int = MOST_ROWS) -> Sample:
    """The labelled rows among `judged`, at most `most` of them, drawn with its seed."""
    rows = np.flatnonzero(np.asarray(judged.weight) > 0)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng([judged.seed, 10]).choice(rows, most, replace=False))
    clusters = None if judged.clusters is None else np.asarray(judged.clusters)[rows]
    target = np.asarray(judged.target, np.float64)[rows]
    return Sample(judged.kind, rows, target, np.asarray(judged.weight, np.float64)[rows], clusters, judged.seed)


def binomial(hits: int, count: int, level: float = 0.95) -> Score:
    """hits / count with its exact binomial interval; NaN of nothing."""
    if count == 0:
        return {"value": np.nan, "low": np.nan, "high": np.nan}
    tail = (1 - level) / 2
    return {"value": hits / count, "low": 1 - upper(count - hits, count, tail), "high": upper(hits, count, tail)}


def upper(hits: int, count: int, tail: float) -> float:
    """The largest rate under which so few hits still happen with probability `tail`: a one-sided exact bound."""
    from scipy import special

    return 1.0 if hits >= count else float(special.betaincinv(hits + 1, count - hits, 1 - tail))
