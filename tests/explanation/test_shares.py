"""Shapley shares: the axioms, known games, and the bundle's own predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import consilience as cs
from consilience.explanation.shares import discipline_shares, shapley
from consilience.explanation.subject import Subject, explained_class


def test_an_additive_game_gives_each_player_its_own_worth() -> None:
    gains = np.array([[0.5, -0.2, 0.0, 1.0]])
    found = shapley(lambda shown: gains[:, list(shown)].sum(1) + 3, 4)
    assert np.allclose(found.shares, gains)
    assert found.error is None
    assert found.nothing[0] == 3


def test_two_players_who_only_win_together_share_equally() -> None:
    found = shapley(lambda shown: np.array([float({0, 1} <= set(shown))]), 3)
    assert np.allclose(found.shares, [[0.5, 0.5, 0.0]])


@pytest.mark.parametrize("players", [1, 3, 5, 8])
def test_shares_add_up_to_the_whole(players: int) -> None:
    random = np.random.default_rng(players)
    worths: dict[tuple[int, ...], Any] = {}

    def worth(shown: Sequence[int]) -> Any:
        return worths.setdefault(tuple(shown), random.random(6))

    found = shapley(worth, players)
    assert np.allclose(found.shares.sum(1), found.whole - found.nothing, atol=1e-12)
    assert (found.error is None) == (players <= 5)


def test_sampled_shares_lie_near_the_exact_ones_within_their_error() -> None:
    pairs = np.random.default_rng(0).normal(size=(7, 7))

    def worth(shown: Sequence[int]) -> Any:
        chosen = list(shown)
        return np.array([pairs[np.ix_(chosen, chosen)].sum()])

    exact = (pairs + pairs.T).sum(1) / 2  # Shapley value of a game of pairs
    found = shapley(worth, 7)
    assert found.error is not None
    assert np.allclose(found.shares[0], exact, atol=1e-9 + 4 * found.error[0].max())


def test_the_shares_of_a_row_add_up_to_its_prediction(
    mixed: tuple[cs.Model, pl.DataFrame, Path], as_subject: Callable[..., Subject]
) -> None:
    subject = as_subject(mixed[0].bundle, mixed[1], 12)
    predictions = subject.predict()
    classes = explained_class(subject.bundle, predictions)
    found = discipline_shares(subject, classes, 0)
    rows = np.arange(12)
    assert np.allclose(found.whole, predictions[rows, classes], atol=1e-6)
    assert np.allclose(found.nothing, subject.predict(subject.bundle.groups)[rows, classes], atol=1e-6)
    assert np.allclose(found.shares.sum(1), found.whole - found.nothing, atol=1e-6)


def test_a_missing_discipline_has_no_share(
    mixed: tuple[cs.Model, pl.DataFrame, Path], as_subject: Callable[..., Subject]
) -> None:
    table = mixed[1].with_columns(pl.lit(None, dtype=pl.Binary).alias("scan"))
    subject = as_subject(mixed[0].bundle, table, 8)
    found = discipline_shares(subject, np.zeros(8, np.int64), 0)
    place = list(subject.disciplines).index("image")
    assert np.allclose(found.shares[:, place], 0, atol=1e-6)
