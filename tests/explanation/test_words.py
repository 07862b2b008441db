"""Both languages say the same things, and figures read well."""

from __future__ import annotations

import string

import pytest

from consilience.explanation.words import WORDS, amount, chance


def placeholders(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def test_both_languages_have_the_same_patterns() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for key, pattern in WORDS["en"].items():
        assert placeholders(pattern) == placeholders(WORDS["zh"][key]), key


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "50 %"), (0.9999, "> 99.9 %"), (0.0001, "< 0.1 %"), (0.987, "98.7 %"), (0.012, "1.2 %")]
)
def test_probabilities_never_read_as_certainty(value: float, text: str) -> None:
    assert chance(value) == text


def test_effects_are_points_of_probability_or_the_targets_unit() -> None:
    assert amount(0.2134, True, signed=True) == "+21.3"
    assert amount(-0.0004, True) == "\u22120.04"
    assert amount(-0.00001, True, signed=True) == "0"
    assert amount(-3.14159, False) == "\u22123.14"
