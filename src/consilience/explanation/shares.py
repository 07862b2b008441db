"""How much each discipline brought to the prediction of each row: Shapley values over hidden disciplines.

Shapley 1953, "A Value for n-Person Games"; as an explanation Štrumbelj & Kononenko 2010, Lundberg & Lee 2017 (arXiv
1705.07874). The game's worth is the default prediction with a coalition's disciplines shown and the others hidden, so
the shares add up to p(row) − p(nothing shown), exactly. More than five disciplines are sampled by random orders
(Castro et al. 2009), each with its reverse, which keeps that sum exact and gives a standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np

from consilience.artifacts.network import Index
from consilience.explanation.remembering import expected_rows, remembering
from consilience.explanation.subject import Subject

Array = np.ndarray[Any, Any]

EXACT = 5
"""Up to so many disciplines every subset is looked at."""
ORDERS = 6
"""Pairs of random orders beyond that."""


class Shares(NamedTuple):
    """shares: [n, M] of each discipline, in the unit of the prediction. nothing, whole: [n], the prediction with
    every discipline hidden and with all shown. error: [n, M] standard error of sampled shares; None when exact."""

    shares: Array
    nothing: Array
    whole: Array
    error: Array | None


def discipline_shares(subject: Subject, classes: Index, seed: int) -> Shares:
    """Shares of every discipline in the prediction of class `classes` [n]."""
    groups = list(subject.disciplines.values())
    rows = np.arange(len(subject))

    asked = replace(subject, bundle=remembering(subject.bundle, subject.arrays, list(subject.arrays)))

    def worth(shown: Sequence[int]) -> Array:
        hidden = [g for place, members in enumerate(groups) if place not in shown for g in members]
        expected_rows(asked.bundle, rows)
        return np.asarray(asked.predict(hidden)[rows, classes])

    return shapley(worth, len(groups), seed)


def shapley(worth: Callable[[Sequence[int]], Array], players: int, seed: int = 0) -> Shares:
    """Shapley values of a game played once for each row.

    Args:
        worth: players (sorted) → float64 [n], what they reach together.
        players: M ≥ 1.
    """
    known: dict[tuple[int, ...], Array] = {}

    def value(coalition: Sequence[int]) -> Array:
        key = tuple(sorted(coalition))
        if key not in known:
            known[key] = worth(key)
        return known[key]

    nothing, whole = value(()), value(range(players))
    if players <= EXACT:
        return Shares(_exact(value, players), nothing, whole, None)
    sampled = _sampled(value, players, seed)
    error = sampled.std(0, ddof=1) / np.sqrt(len(sampled))
    return Shares(sampled.mean(0), nothing, whole, error)


def _exact(value: Callable[[Sequence[int]], Array], players: int) -> Array:
    shares = np.zeros((len(value(())), players))
    for player in range(players):
        others = [p for p in range(players) if p != player]
        for size in range(players):
            weight = 1 / (players * comb(players - 1, size))
            for coalition in combinations(others, size):
                shares[:, player] += weight * (value([*coalition, player]) - value(coalition))
    return shares


def _sampled(value: Callable[[Sequence[int]], Array], players: int, seed: int) -> Array:
    """[ORDERS, n, M]: mean of the gains along a random order and along its reverse."""
    random = np.random.default_rng(seed)
    found = np.zeros((ORDERS, len(value(())), players))
    for draw in range(ORDERS):
        order = random.permutation(players).tolist()
        for way in (order, order[::-1]):
            for place, player in enumerate(way):
                gain = value(way[: place + 1]) - value(way[:place])
                found[draw, :, player] += gain / 2
    return found
