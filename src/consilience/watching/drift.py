"""Do the rows of today look like those of the reference? One test a question, fit for the kind of column, corrected for
the number of questions (Holm 1979), and silent about differences that are certain but too small to matter.

Numbers and figures: Kolmogorov and Smirnov. Categories and predicted classes: chi-squared. Missing cells and categories
that the model does not know: Fisher's exact test. Media and texts as the model's encoders see them: maximum mean
discrepancy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from consilience.watching.two_samples import compare

Array = np.ndarray[Any, Any]
Samples = Mapping[str, tuple[Array, Array]]
NO_SAMPLES: Samples = MappingProxyType({})
LEVEL = 0.01
"""Chance of any false alarm in one look at all columns."""
FEWEST = 30
"""Rows below which nothing is said."""
LEAST = {"distribution": 0.1, "categories": 0.1, "missing": 0.02, "unknown": 0.01, "prediction": 0.1, "embedding": 0.1}
"""Smallest effect that alarms: largest gap of the distribution functions, total variation, difference of shares; of
embeddings, how much better than chance (0) to perfect (1) rows of today are told from those before."""


class Look(NamedTuple):
    """One question and its answer.

    column: of the table, or "prediction"; of an embedding, the columns of its group. kind: see LEAST. figure: what of
    the column, "" for the column itself. effect: see LEAST. p: of the test, for several figures of a column the
    smallest times their number.
    """

    column: str
    kind: str
    figure: str
    effect: float
    p: float
    sentence: str


class Drift(NamedTuple):
    """looks: all of them, alarms first. alarms: columns' looks whose adjusted p is below LEVEL and effect large enough.
    rows: rows looked at."""

    looks: list[Look]
    alarms: list[Look]
    rows: int


def find_drift(
    reference: Mapping[str, Any],
    now: Mapping[str, Any],
    predicted: Mapping[str, Any],
    known: Mapping[str, Sequence[str]],
    embeddings: Samples = NO_SAMPLES,
) -> Drift:
    """Compare summaries of `watching.reference`.

    Args:
        reference: of the bundle. now: columns of today's rows. predicted: of today's predictions.
        known: category column → values that the model knows.
        embeddings: columns of a group → its rows in the reference and today, [n, D] and [m, D].
    """
    rows = int(predicted["rows"])
    if rows < FEWEST:
        return Drift([], [], rows)
    looks = [
        look
        for column, was in reference["columns"].items()
        if column in now
        for look in _of_column(column, was, now[column], known.get(column))
    ]
    looks += _of_prediction(reference["prediction"], predicted)
    looks += [_of_embedding(c, *pair) for c, pair in embeddings.items() if min(len(rows) for rows in pair) >= FEWEST]
    adjusted = holm([look.p for look in looks])
    alarms = [look for look, p in zip(looks, adjusted, strict=True) if p < LEVEL and look.effect >= LEAST[look.kind]]
    alarms.sort(key=lambda look: (look.p, -look.effect))
    return Drift([*alarms, *(look for look in looks if look not in alarms)], alarms, rows)


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values (Holm 1979).

    Example:
        >>> holm([0.01, 0.04])
        [0.02, 0.04]
    """
    order = np.argsort(p, kind="stable")
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        adjusted[i] = highest
    return adjusted


def _of_column(
    column: str, was: Mapping[str, Any], now: Mapping[str, Any], known: Sequence[str] | None
) -> Iterator[Look]:
    a, b = was["missing"] / max(was["rows"], 1), now["missing"] / max(now["rows"], 1)
    sentence = f"{column}: {b:.1%} of the cells are missing, {a:.1%} were"
    table = [[was["missing"], was["rows"] - was["missing"]], [now["missing"], now["rows"] - now["missing"]]]
    yield Look(column, "missing", "", abs(b - a), _fisher(table), sentence)
    if "counts" in was and "counts" in now:
        yield _categories(column, was["counts"], now["counts"], "categories")
        if known is not None:
            yield _unknown(column, was["counts"], now["counts"], set(known))
    if was.get("figures") and now.get("figures"):
        yield from _figures(column, was["figures"], now["figures"])


def _figures(column: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Look]:
    """The figure that differs most stands for the column."""
    from scipy.stats import ks_2samp

    found = []
    for name, values in was.items():
        if not values or not now.get(name):
            continue
        test = ks_2samp(values, now[name], method="auto")
        middle, today = float(np.median(values)), float(np.median(now[name]))
        what = column if name == "value" else f"{column} ({name.replace('_', ' ')})"
        sentence = f"{what}: half of the values lie below {today:.4g}, below {middle:.4g} before"
        found.append(Look(column, "distribution", name, float(test.statistic), float(test.pvalue), sentence))
    if found:
        worst = min(found, key=lambda look: (look.p, -look.effect))
        yield worst._replace(p=min(1.0, worst.p * len(found)))


def _categories(column: str, was: Mapping[str, int], now: Mapping[str, int], kind: str) -> Look:
    """Categories too rare for the test are counted as one."""
    from scipy.stats import chi2_contingency

    names = sorted({*was, *now})
    table = np.array([[was.get(n, 0) for n in names], [now.get(n, 0) for n in names]], np.float64)
    totals = table.sum(1, keepdims=True)
    if not totals.all() or len(names) < 2:
        return Look(column, kind, "", 0.0, 1.0, f"{column}: nothing to compare")
    expected = totals * table.sum(0) / table.sum()
    rare = (expected < 5).any(0)
    pooled = np.hstack([table[:, ~rare], table[:, rare].sum(1, keepdims=True)]) if rare.any() else table
    pooled = pooled[:, pooled.sum(0) > 0]
    p = float(chi2_contingency(pooled).pvalue) if pooled.shape[1] > 1 else 1.0
    gap = table[1] / totals[1] - table[0] / totals[0]
    worst = int(np.abs(gap).argmax())
    before, today = table[0, worst] / totals[0, 0], table[1, worst] / totals[1, 0]
    sentence = f"{column}: {names[worst]!r} makes up {today:.1%}, {before:.1%} before"
    return Look(column, kind, "", float(np.abs(gap).sum() / 2), p, sentence)


def _unknown(column: str, was: Mapping[str, int], now: Mapping[str, int], known: set[str]) -> Look:
    new = {n: count for n, count in now.items() if n not in known}
    before, today = sum(c for n, c in was.items() if n not in known), sum(new.values())
    totals = max(sum(was.values()), 1), max(sum(now.values()), 1)
    effect = today / totals[1] - before / totals[0]
    names = ", ".join(repr(n) for n in sorted(new, key=lambda n: -new[n])[:3]) or "none"
    sentence = f"{column}: {today / totals[1]:.1%} of the values are unknown to the model ({names})"
    p = _fisher([[before, totals[0] - before], [today, totals[1] - today]])
    return Look(column, "unknown", "", max(effect, 0.0), p, sentence)


def _of_prediction(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Look]:
    if was.get("counts") and now.get("counts"):
        yield _categories("prediction", was["counts"], now["counts"], "prediction")
    figures = {n: was[n] for n in ("confidence", "value") if was.get(n)}
    for look in _figures("prediction", figures or was.get("figures", {}), now.get("figures", now)):
        yield look._replace(kind="prediction")


def _of_embedding(columns: str, was: Array, now: Array) -> Look:
    verdict = compare(was, now)
    share = verdict.told_apart
    sentence = f"{columns}: as the model sees them, {share:.0%} of the rows are told from those before (chance: 50%)"
    return Look(columns, "embedding", "", max(2 * share - 1, 0.0), verdict.p, sentence)


def _fisher(table: list[list[int]]) -> float:
    from scipy.stats import chi2_contingency, fisher_exact

    counts = np.asarray(table)
    if not counts.sum(0).all():
        return 1.0
    small = counts.sum() < 20_000  # the exact test of larger tables takes seconds and says the same
    return float(fisher_exact(counts).pvalue if small else chi2_contingency(counts).pvalue)
