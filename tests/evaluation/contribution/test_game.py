"""The game's figures against games whose answer is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from consilience.evaluation.contribution import game
from consilience.evaluation.contribution.members import draws, trainings


def worth(count: int, score) -> dict[tuple[int, ...], np.ndarray]:
    everyone = range(count)
    return {s: np.asarray(float(score(s))) for size in range(count + 1) for s in combinations(everyone, size)}


def test_exclusive_or_is_all_synergy() -> None:
    v = worth(2, lambda s: 1.0 if len(s) == 2 else 0.5)
    assert game.shapley(v, 2) == pytest.approx([0.25, 0.25])
    assert game.synergy(v, 2) == pytest.approx(0.5)
    assert game.pair_redundancy(v, 0, 1) == pytest.approx(-0.5)
    assert game.unique(v, 2) == pytest.approx([0.5, 0.5])


def test_a_copy_is_all_redundancy() -> None:
    v = worth(2, lambda s: 0.9 if s else 0.5)
    assert game.shapley(v, 2) == pytest.approx([0.2, 0.2])
    assert game.synergy(v, 2) == pytest.approx(0)
    assert game.pair_synergy(v, 0, 1) == pytest.approx(0)
    assert game.pair_redundancy(v, 0, 1) == pytest.approx(0.4)
    assert game.unique(v, 2) == pytest.approx([0, 0])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_values_add_up_and_a_dummy_gets_nothing(count: int) -> None:
    random = np.random.default_rng(count)
    scores = {s: random.random() for s in worth(count - 1, len)}
    v = worth(count, lambda s: scores[tuple(i for i in s if i < count - 1)])
    values = game.shapley(v, count)
    assert values.sum() == pytest.approx(v[tuple(range(count))] - v[()])
    assert values[-1] == pytest.approx(0)


def test_an_additive_game_gives_each_its_own_part() -> None:
    parts = [0.1, 0.02, 0.3]
    v = worth(3, lambda s: sum(parts[i] for i in s))
    assert game.shapley(v, 3) == pytest.approx(parts)
    assert game.unique(v, 3) == pytest.approx(parts)


def test_the_approximation_is_exact_for_additive_games_and_adds_up() -> None:
    parts = [0.1, 0.02, 0.3, 0.05, 0.2, 0.0]
    every = worth(6, lambda s: sum(parts[i] for i in s) + 0.04 * len(s) ** 2)
    few = {s: x for s, x in every.items() if len(s) in (0, 1, 5, 6)}
    values = game.shapley(few, 6)
    assert values.sum() == pytest.approx(every[tuple(range(6))])
    assert values == pytest.approx(game.shapley(every, 6))


def test_arrays_of_resamples_are_taken_as_they_are() -> None:
    v = {s: np.array([x, 2 * x]) for s, x in worth(2, len).items()}
    assert game.shapley(v, 2) == pytest.approx(np.array([[1, 2], [1, 2]]))


def test_a_training_is_a_network_or_one_of_each_fold() -> None:
    members = [np.full((2, 1), float(i)) for i in range(15)]
    assert [t[0, 0] for t in trainings(members, folds=5)] == [6, 7, 8]  # 0 3 6 9 12 and so on
    assert len(trainings(members[:5], folds=5)) == 5
    assert len(trainings(members[:3], folds=1)) == 3


def test_draws_repeat_for_a_seed() -> None:
    assert draws(1, 0) == [(0,)]
    assert draws(3, 4) == draws(3, 4)
    assert all(len(d) == 3 and set(d) <= {0, 1, 2} for d in draws(3, 4))


def test_synergy_takes_the_best_single_of_each_resample() -> None:
    v = {(): np.zeros(2), (0,): np.array([0.7, 0.5]), (1,): np.array([0.6, 0.8]), (0, 1): np.array([0.75, 0.75])}
    assert game.synergy(v, 2) == pytest.approx([0.05, -0.05])
