"""Equal distributions alarm as rarely as they should; small and hidden shifts are seen."""

from __future__ import annotations

import numpy as np

from consilience.watching.two_samples import compare


def test_p_values_of_equal_distributions_are_uniform() -> None:
    random = np.random.default_rng(0)
    found = []
    for seed in range(60):
        rows = random.standard_t(5, (160, 6))  # heavy tails, as activations have
        found.append(compare(rows[:100], rows[100:], seed).p)
    p = np.sort(found)
    gap = np.abs(p - np.arange(1, 61) / 60).max()
    assert gap < 0.2, gap  # Kolmogorov's 1 % limit for 60 values is 0.21
    assert (p < 0.01).sum() <= 3


def test_shifts_of_place_and_of_form_are_seen() -> None:
    random = np.random.default_rng(1)
    calm = random.normal(0, 1, (400, 16))
    moved = compare(calm, random.normal(0.3, 1, (300, 16)))
    assert moved.p < 1e-6  # beyond what 1,000 permutations can say themselves
    assert moved.told_apart > 0.65
    tied = random.normal(0, 1, (300, 1)) + random.normal(0, 0.3, (300, 16))  # each value alone looks nearly the same
    assert compare(calm, tied / tied.std(0)).p < 1e-6


def test_degenerate_samples_have_an_answer() -> None:
    same = np.ones((40, 3))
    assert compare(same, same).p == 1.0
    assert 0.0 <= compare(same, same).told_apart <= 1.0
    assert compare(same, same + 5).p < 1e-3
